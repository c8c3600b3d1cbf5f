// Which points lie within a line that was drawn around them.

/** The rows of the points within a polygon of [x, y] corners, by the even-odd rule. */
export function within(points, corners) {
  if (corners.length < 3) return [];
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of corners) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  const rows = [];
  for (let row = 0; row < points.count; row += 1) {
    const [x, y] = [points.x[row], points.y[row]];
    if (x < left || x > right || y < low || y > high) continue;
    if (isInside(x, y, corners)) rows.push(row);
  }
  return rows;
}

function isInside(x, y, corners) {
  let inside = false;
  let [fromX, fromY] = corners[corners.length - 1];
  for (const [toX, toY] of corners) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}
