// The rectangle of a crop, in shares of the picture's width and height.
const least = 0.04;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const wholeMiddle = { x: 0.15, y: 0.15, width: 0.7, height: 0.7 };

/** The region between two points; at least a small one, and within the picture. */
export function between(a, b) {
  const [left, right] = extent(a.x, b.x);
  const [top, bottom] = extent(a.y, b.y);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function extent(fixed, moving) {
  const from = clamp(fixed, 0, 1);
  let to = clamp(moving, 0, 1);
  if (Math.abs(to - from) < least) {
    const towards = to >= from ? 1 : -1;
    to = from + towards * least;
    if (to > 1 || to < 0) to = from - towards * least;
  }
  return [Math.min(from, to), Math.max(from, to)];
}

/** The region moved, as far as the picture goes. */
export function moved(region, dx, dy) {
  return {
    ...region,
    x: clamp(region.x + dx, 0, 1 - region.width),
    y: clamp(region.y + dy, 0, 1 - region.height),
  };
}

/** The region with its lower right corner moved. */
export function resized(region, dx, dy) {
  return {
    ...region,
    width: clamp(region.width + dx, least, 1 - region.x),
    height: clamp(region.height + dy, least, 1 - region.y),
  };
}

/** The corner opposite to `corner` ("nw", "ne", "sw" or "se"), which stays where it is while that one is dragged. */
export function opposite(region, corner) {
  return {
    x: corner.endsWith("w") ? region.x + region.width : region.x,
    y: corner.startsWith("n") ? region.y + region.height : region.y,
  };
}
