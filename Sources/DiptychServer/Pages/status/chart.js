// A line chart of the last two minutes: as many lines as it has series, from zero to the highest value that it shows.
import { element, fill } from "../shared/dom.js";
import { t } from "../shared/i18n.js";

const span = 120;
const [width, height] = [240, 60];

export class Chart {
  element;
  #key;
  #series;
  #format;
  #samples = [];
  #title = element("span", { class: "chart-title" });
  #value = element("span", { class: "chart-value" });
  #top = element("span", { class: "chart-top", "aria-hidden": "true" });
  #drawing = drawn("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" });
  #lines;

  /** `series` are the text keys of the lines, one without a key for a single line; `format` writes a value. */
  constructor(key, series, format) {
    this.#key = key;
    this.#series = series;
    this.#format = format;
    this.#lines = series.map((_, index) => drawn("path", { class: `line line-${index}` }));
    this.#drawing.append(...this.#lines);
    this.element = element("figure", { class: "chart" },
      element("figcaption", {}, this.#title, this.#value), element("div", { class: "chart-room" }, this.#drawing, this.#top));
    this.render();
  }

  /** Adds the values of a moment, in seconds; null stands for a value that is not known, and breaks the line. */
  add(time, values) {
    this.#samples.push({ time, values });
    while (this.#samples[0].time < time - span) this.#samples.shift();
    this.render();
  }

  /** Draws the lines and writes the newest values. */
  render() {
    const newest = this.#samples.at(-1);
    this.#title.textContent = t(this.#key);
    this.#value.textContent = this.#series.map((series, index) => {
      const value = newest?.values[index] ?? null;
      const words = value === null ? "–" : this.#format(value);
      return series ? `${t(series)} ${words}` : words;
    }).join(" · ");
    this.#drawing.setAttribute("aria-label", t("chart.label", { title: t(this.#key), value: this.#value.textContent }));
    const top = Math.max(0, ...this.#samples.flatMap((sample) => sample.values.map((value) => value ?? 0)));
    fill(this.#top, top > 0 ? this.#format(top) : "");
    this.#lines.forEach((line, index) => line.setAttribute("d", this.#path(index, newest?.time, top || 1)));
  }

  #path(index, now, top) {
    let path = "";
    let isBroken = true;
    let before = 0;
    for (const { time, values } of this.#samples) {
      // Nothing is known of the time in which the page was hidden.
      if (values[index] === null || time - before > 5) isBroken = true;
      before = time;
      if (values[index] === null) continue;
      const x = width * (1 - (now - time) / span);
      const y = height - 1 - (height - 3) * (values[index] / top);
      path += `${isBroken ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      isBroken = false;
    }
    return path;
  }
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
