// Finds the point that is nearest to a place, by a grid of cells over the map.
const side = 256;

export class Nearest {
  constructor(points) {
    this.points = points;
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let row = 0; row < points.count; row += 1) {
      left = Math.min(left, points.x[row]);
      right = Math.max(right, points.x[row]);
      low = Math.min(low, points.y[row]);
      high = Math.max(high, points.y[row]);
    }
    this.left = left;
    this.low = low;
    this.cell = Math.max(right - left, high - low, 1e-6) / side;
    // The rows in the order of their cells, and where each cell's begin.
    this.starts = new Uint32Array(side * side + 1);
    const cells = new Uint32Array(points.count);
    for (let row = 0; row < points.count; row += 1) {
      cells[row] = this.column(points.x[row], this.left) + side * this.column(points.y[row], this.low);
      this.starts[cells[row] + 1] += 1;
    }
    for (let cell = 0; cell < side * side; cell += 1) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.rows = new Uint32Array(points.count);
    for (let row = 0; row < points.count; row += 1) {
      this.rows[next[cells[row]]] = row;
      next[cells[row]] += 1;
    }
  }

  column(value, first) {
    return Math.min(side - 1, Math.max(0, Math.floor((value - first) / this.cell)));
  }

  /** The row of the nearest point that is at most `reach` away; null where there is none. */
  find(x, y, reach) {
    const { points } = this;
    let best = null;
    let square = reach * reach;
    const [firstX, lastX] = [this.column(x - reach, this.left), this.column(x + reach, this.left)];
    const [firstY, lastY] = [this.column(y - reach, this.low), this.column(y + reach, this.low)];
    for (let row = firstY; row <= lastY; row += 1) {
      for (let place = this.starts[row * side + firstX]; place < this.starts[row * side + lastX + 1]; place += 1) {
        const one = this.rows[place];
        const away = (points.x[one] - x) ** 2 + (points.y[one] - y) ** 2;
        if (away <= square) [best, square] = [one, away];
      }
    }
    return best;
  }
}
