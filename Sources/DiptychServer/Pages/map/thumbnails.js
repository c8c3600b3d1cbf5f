// Pictures at their places, where few enough are seen.
import { element } from "../shared/dom.js";
import { fileName } from "../shared/format.js";
import { item } from "./data.js";

// Items that were asked for lately, by their ids: promises.
const asked = new Map();
const mostKept = 2000;

/** The item of an id, asked for once. */
export function known(id) {
  if (!asked.has(id)) {
    if (asked.size >= mostKept) asked.delete(asked.keys().next().value);
    const answer = item(id);
    // What failed is asked for again.
    answer.catch(() => asked.delete(id));
    asked.set(id, answer);
  }
  return asked.get(id);
}

export function nameOf(one) {
  return one.attributes?.caption || fileName([one.name, one.attributes?.name, one.path, one.id].find((name) => typeof name === "string" && name !== ""));
}

/** A picture of an item once it is known; a text is its words. */
export function thumbnailOf(id, size, attributes = {}) {
  const frame = element("span", { class: "map-frame", ...attributes });
  known(id).then((one) => {
    if (!one) return frame.classList.add("gone");
    if (!one.thumbnail) return frame.replaceChildren(element("span", {}, nameOf(one)));
    const link = new URL(one.thumbnail, location.href);
    link.searchParams.set("size", size);
    return frame.replaceChildren(element("img", { src: link.href, alt: nameOf(one), draggable: "false", decoding: "async" }));
  }, () => frame.classList.add("gone"));
  return frame;
}

export class Thumbnails {
  constructor(room) {
    this.room = room;
    this.shown = new Map();
  }

  /** Shows the pictures of these rows where they are; none where there are too many. */
  show(rows, points, camera) {
    const wanted = new Set(rows ?? []);
    for (const [row, frame] of this.shown) {
      if (wanted.has(row)) continue;
      frame.remove();
      this.shown.delete(row);
    }
    for (const row of wanted) {
      let frame = this.shown.get(row);
      if (!frame) {
        frame = thumbnailOf(points.ids[row], 128);
        this.shown.set(row, frame);
        this.room.append(frame);
      }
      const [x, y] = camera.toScreen(points.x[row], points.y[row]);
      frame.style.translate = `${Math.round(x)}px ${Math.round(y)}px`;
    }
  }

  clear() {
    this.show(null);
  }
}
