// Where the name of each colour stands: among the most of its points.
const cells = 24;

/** For each name its `{name, x, y}`: the mean of its points in the cell of a coarse grid that has the most of them. */
export function middles(points) {
  if (points.names.length === 0 || points.count === 0) return [];
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let row = 0; row < points.count; row += 1) {
    left = Math.min(left, points.x[row]);
    right = Math.max(right, points.x[row]);
    low = Math.min(low, points.y[row]);
    high = Math.max(high, points.y[row]);
  }
  const step = Math.max(right - left, high - low, 1e-6) / cells;
  const counts = new Map();
  for (let row = 0; row < points.count; row += 1) {
    if (points.colours[row] === 0) continue;
    const key = (points.colours[row] * 64 + Math.floor((points.x[row] - left) / step)) * 64 + Math.floor((points.y[row] - low) / step);
    const cell = counts.get(key) ?? { count: 0, x: 0, y: 0 };
    cell.count += 1;
    cell.x += points.x[row];
    cell.y += points.y[row];
    counts.set(key, cell);
  }
  const best = new Map();
  for (const [key, cell] of counts) {
    const colour = Math.floor(key / 4096);
    if ((best.get(colour)?.count ?? 0) < cell.count) best.set(colour, cell);
  }
  return points.names.flatMap((name, place) => {
    const cell = best.get(place + 1);
    return cell ? [{ name, x: cell.x / cell.count, y: cell.y / cell.count }] : [];
  });
}
