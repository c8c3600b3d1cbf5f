// One picture in the grid.
import { thumbnail } from "./api.js";
import { element, fill } from "./dom.js";
import { fileName, number, percent } from "./format.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

/** What a picture is called: its caption, or its file's name. */
export function itemName(item) {
  return item.attributes?.caption || fileName(item.path ?? item.id);
}

/** Width over height, of unknown pictures 1; very long ones are cut so that a row stays a row. */
function ratio({ width, height } = {}) {
  if (!width || !height) return 1;
  return Math.min(2.4, Math.max(0.6, width / height));
}

/** The picture, or in its place an icon and the name where it cannot be read. */
export function picture(item, size, attributes = {}) {
  const { width, height } = item.attributes ?? {};
  const scale = size / Math.max(width || 1, height || 1);
  const image = element("img", {
    src: thumbnail(item, size), alt: itemName(item), draggable: "false", decoding: "async",
    width: width && height ? Math.round(width * scale) : size, height: width && height ? Math.round(height * scale) : size,
    ...attributes,
  });
  const frame = element("span", { class: "frame" }, image);
  image.addEventListener("error", () => {
    frame.classList.add("missing");
    fill(frame, icon("picture"), element("span", {}, itemName(item)));
  });
  return frame;
}

/** Similarity and match probability, in words for those who hear them. */
export function scores(item) {
  if (item.similarity === undefined) return null;
  const probability = item.match_probability;
  const known = typeof probability === "number";
  const level = element("span", { class: "level", "aria-hidden": "true" }, element("span"));
  level.firstChild.style.inlineSize = known ? `${Math.round(probability * 100)}%` : "0";
  return element("span", { class: "scores" },
    level,
    known && element("span", { class: "probability", title: t("probability.title") },
      t("probability", { share: percent(probability) })),
    element("span", { class: "similarity", title: t("similarity.title") },
      element("span", { class: "unseen" }, `${t("similarity")} `), number(item.similarity, 3)));
}

/** A tile: a link that opens the item, and a button for more like it. */
export function tile(item, href, { open, similar }) {
  const link = element("a", {
    href, class: "open", tabindex: "-1", "data-id": item.id, "aria-keyshortcuts": "Enter M",
    on: {
      click: (event) => {
        // A new tab or window is the browser's business.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(item);
      },
    },
  }, picture(item, 512, { loading: "lazy" }), scores(item) ?? element("span", { class: "name", "aria-hidden": "true" }, itemName(item)));
  const more = element("button", {
    type: "button", class: "icon-button more-like", tabindex: "-1", title: t("similar.search"),
    "aria-label": `${t("similar.search")}: ${itemName(item)}`, on: { click: () => similar(item) },
  }, icon("similar"));
  const made = element("li", { class: "tile" }, link, more);
  made.style.setProperty("--ratio", ratio(item.attributes));
  return made;
}
