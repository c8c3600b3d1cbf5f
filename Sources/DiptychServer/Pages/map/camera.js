// Which part of the map is seen: its middle in the map's own numbers, and how many pixels one of them is. y goes upwards on the map and
// downwards on the screen.
const [least, most] = [0.2, 4000];

export class Camera {
  constructor() {
    [this.x, this.y, this.scale, this.width, this.height] = [0, 0, 20, 1, 1];
  }

  resize(width, height) {
    [this.width, this.height] = [width, height];
  }

  /** Shows some points whole; `rows` are their numbers, all without it. */
  fit(points, rows = null) {
    const count = rows ? rows.length : points.count;
    if (count === 0) return;
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let place = 0; place < count; place += 1) {
      const row = rows ? rows[place] : place;
      left = Math.min(left, points.x[row]);
      right = Math.max(right, points.x[row]);
      low = Math.min(low, points.y[row]);
      high = Math.max(high, points.y[row]);
    }
    [this.x, this.y] = [(left + right) / 2, (low + high) / 2];
    const room = 0.9;
    this.scale = this.clamped(room * Math.min(this.width / Math.max(right - left, 1e-3), this.height / Math.max(high - low, 1e-3)));
  }

  clamped(scale) {
    return Math.min(most, Math.max(least, scale));
  }

  /** Moves what is seen by pixels. */
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  /** Zooms by a factor, so that what lies at a place of the screen stays there. */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.scale = this.clamped(this.scale * factor);
    this.x = x - (px - this.width / 2) / this.scale;
    this.y = y + (py - this.height / 2) / this.scale;
  }

  toMap(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }
}
