// One picture in the grid.
import { element, fill } from "../shared/dom.js";
import { fileName, number, percent } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { thumbnail } from "./api.js";
import { gradeOf, shareOfBest } from "./grade.js";
import { isSelected, select } from "./selection.js";
import { addPreview, clock, isVideo } from "./video.js";

/** What a picture is called: its caption, or its file's name. */
export function itemName(item) {
  return item.attributes?.caption || itemFile(item);
}

/** The name of an item's file: the one it was brought under, where the server says it, for uploads are kept under another. */
export function itemFile(item) {
  return fileName([item.name, item.attributes?.name, item.path, item.id].find((name) => typeof name === "string" && name !== ""));
}

/** Width over height, of unknown pictures 1; very long ones are cut so that a row stays a row. */
function ratio({ width, height } = {}) {
  if (!width || !height) return 1;
  return Math.min(2.4, Math.max(0.6, width / height));
}

/** The picture, or in its place an icon and the name where it cannot be read. */
export function picture(item, size, attributes = {}) {
  const missing = () => [icon("picture"), element("span", {}, itemName(item))];
  // A text is its own picture.
  if (!item.thumbnail) return element("span", { class: "frame missing" }, ...missing());
  const { width, height } = item.attributes ?? {};
  const isKnown = Boolean(width && height);
  const scale = isKnown ? Math.min(1, size / Math.max(width, height)) : 1;
  const image = element("img", {
    src: thumbnail(item, size), alt: itemName(item), draggable: "false", decoding: "async",
    width: isKnown ? Math.max(1, Math.round(width * scale)) : size, height: isKnown ? Math.max(1, Math.round(height * scale)) : size,
    ...attributes,
  });
  if (isKnown) limit(image, width, height);
  else image.addEventListener("load", () => limit(image, image.naturalWidth, image.naturalHeight));
  const frame = element("span", { class: "frame" }, image);
  image.addEventListener("error", () => {
    frame.classList.add("missing");
    fill(frame, ...missing());
  });
  return frame;
}

// No picture is shown larger than it is.
function limit(image, width, height) {
  image.style.setProperty("--width", `${width}px`);
  image.style.setProperty("--height", `${height}px`);
}

/** How good a result is in a word, and with `shows.numbers` in figures too, which elsewhere are its title. */
export function scores(item, best, shows = { numbers: false }) {
  if (item.similarity === undefined) return null;
  const probability = item.match_probability;
  const isKnown = typeof probability === "number";
  const grade = gradeOf(item, best);
  const level = element("span", { class: "level", "aria-hidden": "true" }, element("span"));
  level.firstChild.style.inlineSize = `${Math.round(shareOfBest(item, best) * 100)}%`;
  const numbers = [
    isKnown && element("span", { class: "probability", title: t("probability.title") }, t("probability", { share: percent(probability) })),
    element("span", { class: "similarity", title: t("similarity.title") }, `${t("similarity")} ${number(item.similarity, 3)}`),
  ].filter(Boolean);
  return element("span", { class: "scores", title: shows.numbers ? null : numbers.map((one) => one.textContent).join(" · ") },
    level,
    grade && element("span", { class: "grade", "data-grade": grade, title: shows.numbers ? t("grade.title") : null }, t(`grade.${grade}`)),
    ...(shows.numbers || !grade ? numbers : []));
}

/** A tile: a link that opens the item, a button for more like it, and one that selects it. */
export function tile(item, href, best, { open, similar }) {
  const link = element("a", {
    href, class: "open", tabindex: "-1", "data-id": item.id, "aria-keyshortcuts": "Enter M X",
    on: {
      click: (event) => {
        // A new tab or window is the browser's business.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        open(item);
      },
    },
  }, picture(item, 512, { loading: "lazy" }), scores(item, best) ?? element("span", { class: "name", "aria-hidden": "true" }, itemName(item)));
  if (isVideo(item)) {
    const times = item.start === undefined ? item.attributes.duration && clock(item.attributes.duration) : `${clock(item.start)}–${clock(item.end)}`;
    link.querySelector(".frame").append(element("span", { class: "times" }, icon("play"), times));
    addPreview(link, item);
  }
  const more = element("button", {
    type: "button", class: "icon-button more-like", tabindex: "-1", title: t("similar.search"),
    "aria-label": `${t("similar.search")}: ${itemName(item)}`, on: { click: () => similar(item) },
  }, icon("similar"));
  const words = `${t("select")}: ${itemName(item)}`;
  const check = element("button", {
    type: "button", class: "icon-button select", tabindex: "-1", title: t("select"), "aria-label": words, "aria-pressed": String(isSelected(item.id)),
    on: { click: (event) => select(item.id, event.shiftKey) },
  }, icon("check"));
  const made = element("li", { class: "tile" }, link, more, check);
  made.style.setProperty("--ratio", ratio(item.attributes));
  return made;
}
