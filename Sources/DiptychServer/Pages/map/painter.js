// Draws the points into an image of pixels, one loop over all of them: a million takes some milliseconds, with or without a GPU.
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The number that a pixel of this colour is. */
function pixel([red, green, blue]) {
  return (little ? (255 << 24) | (blue << 16) | (green << 8) | red : (red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;
}

// Twelve colours that differ in lightness too, after Paul Tol's and Okabe and Ito's schemes for readers who see fewer colours.
export const palette = [
  [0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [148, 103, 189], [170, 170, 0], [140, 86, 75],
  [51, 187, 238], [238, 51, 119], [102, 102, 102],
];
const plain = { light: [70, 82, 78], dark: [176, 188, 184] };
const chosenColour = { light: [190, 0, 60], dark: [255, 90, 130] };

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: true });
  }

  resize(width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /**
   * Draws all points. `chosen` has a 1 for each that is selected, and `isDark` says which colours are seen. Returns the rows of those
   * that are seen, as long as they are at most `most`, and null where they are more.
   */
  draw(points, camera, chosen, isDark, most) {
    const { width, height } = this.canvas;
    const { pixels } = this;
    pixels.fill(0);
    const ratio = width / camera.width;
    const scale = camera.scale * ratio;
    const [left, top] = [width / 2 - camera.x * scale, height / 2 + camera.y * scale];
    const theme = isDark ? "dark" : "light";
    const colours = new Uint32Array(palette.length + 2);
    colours[0] = pixel(plain[theme]);
    palette.forEach((colour, place) => { colours[place + 1] = pixel(colour); });
    const chosenPixel = pixel(chosenColour[theme]);
    // Fewer points are larger.
    const size = Math.max(1, Math.min(9, Math.round(ratio * 0.5 * Math.sqrt((camera.width * camera.height) / Math.max(points.count, 1) / 4))));
    const half = size >> 1;
    let seen = [];
    // The selected ones last, so that none of the others covers them.
    for (const pass of chosen ? [0, 1] : [0]) {
      for (let row = 0; row < points.count; row += 1) {
        if (chosen && chosen[row] !== pass) continue;
        const px = (points.x[row] * scale + left) | 0;
        const py = (top - points.y[row] * scale) | 0;
        if (px < half || py < half || px >= width - half || py >= height - half) continue;
        const colour = pass === 1 ? chosenPixel : colours[points.colours[row]];
        if (size === 1) pixels[py * width + px] = colour;
        else {
          for (let y = py - half; y < py - half + size; y += 1) pixels.fill(colour, y * width + px - half, y * width + px - half + size);
        }
        if (seen) {
          seen.push(row);
          if (seen.length > most) seen = null;
        }
      }
    }
    this.context.putImageData(this.image, 0, 0);
    return seen;
  }
}
