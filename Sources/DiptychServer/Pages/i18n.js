// The interface's language: the one that was chosen, or the first of the browser's languages that there is.
import { find } from "./dom.js";
import { english } from "./texts-en.js";
import { chinese } from "./texts-zh.js";
import { recall, remember } from "./memory.js";

const languages = { en: { texts: english, tag: "en" }, zh: { texts: chinese, tag: "zh-Hans" } };
const listeners = new Set();
// Where a finger points, a text with ".touch" behind its key takes the other's place.
const touch = matchMedia("(pointer: coarse)");
let current = languages[recall("language")] ? recall("language") : preferred();

function preferred() {
  const short = navigator.languages.map((language) => language.toLowerCase().split("-")[0]);
  return short.find((language) => language in languages) ?? "en";
}

/** The BCP 47 tag of the interface's language. */
export function languageTag() {
  return languages[current].tag;
}

/** The tag for dates and numbers: the reader's own kind of the language, where the browser says one. */
export function localeTag() {
  return navigator.languages.find((language) => language.toLowerCase().split("-")[0] === current) ?? languageTag();
}

/** A text of the interface; `{name}` in it stands for a value. A text with `one` and `other` goes by `count`. */
export function t(key, values = {}) {
  const { texts } = languages[current];
  let text = (touch.matches && texts[`${key}.touch`]) || texts[key];
  if (text === undefined) throw new Error(`there is no text '${key}'`);
  if (typeof text === "object") text = values.count === 1 ? text.one : text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(localeTag()) : String(value ?? "");
  });
}

/** Calls `listener` whenever the language changes. */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** Puts the texts in that the page's HTML names: as text, label, title or placeholder. */
export function placeTexts(root = document) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = t(place.dataset.text);
  for (const place of root.querySelectorAll("[data-label]")) {
    place.setAttribute("aria-label", t(place.dataset.label));
    if (place.matches("button, a")) place.title = t(place.dataset.label);
  }
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = t(place.dataset.placeholder);
}

function show() {
  document.documentElement.lang = languageTag();
  document.title = t(document.documentElement.dataset.title);
  placeTexts();
  // The button names the other language in that language, so that its readers find it.
  const other = current === "en" ? "zh" : "en";
  const button = find("language");
  button.textContent = languages[other].texts["language.short"];
  button.lang = languages[other].tag;
  button.setAttribute("aria-label", languages[other].texts["language.switch"]);
  button.title = languages[other].texts["language.switch"];
}

/** Shows the page in its language and lets the button change it. */
export function startLanguage() {
  show();
  delete document.documentElement.dataset.starting;
  const change = () => {
    show();
    for (const listener of listeners) listener();
  };
  find("language").addEventListener("click", () => {
    current = current === "en" ? "zh" : "en";
    remember("language", current);
    change();
  });
  // A tablet's keyboard and mouse come and go.
  touch.addEventListener("change", change);
}
