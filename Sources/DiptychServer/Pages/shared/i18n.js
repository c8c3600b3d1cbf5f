// The interface's language: the one that was chosen, or the first of the browser's languages that there is. Its texts are those of
// all pages, and those of this page, which count before them.
import { find } from "./dom.js";
import { recall, remember } from "./memory.js";

const tags = { en: "en", zh: "zh-Hans" };
const listeners = new Set();
// Where a finger points, a text with ".touch" behind its key takes the other's place.
const touch = matchMedia("(pointer: coarse)");
let current = recall("language") in tags ? recall("language") : preferred();
let texts = await load(current);

function preferred() {
  const short = navigator.languages.map((language) => language.toLowerCase().split("-")[0]);
  return short.find((language) => language in tags) ?? "en";
}

async function load(language) {
  const folders = ["shared", document.documentElement.dataset.page];
  const parts = await Promise.all(folders.map(async (folder) => {
    const response = await fetch(new URL(`../${folder}/texts.${language}.json`, import.meta.url));
    if (!response.ok) throw new Error(`there are no texts in '${language}'`);
    return response.json();
  }));
  return Object.assign({}, ...parts);
}

/** The BCP 47 tag of the interface's language. */
export function languageTag() {
  return tags[current];
}

/** The tag for dates and numbers: the reader's own kind of the language, where the browser says one. */
export function localeTag() {
  return navigator.languages.find((language) => language.toLowerCase().split("-")[0] === current) ?? languageTag();
}

/** A text of the interface; `{name}` in it stands for a value. A text with `one` and `other` goes by `count`. */
export function t(key, values = {}) {
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

/** Puts the texts in that the page's HTML names: as text, label, title or placeholder, and the names of other pages. */
export function placeTexts(root = document) {
  for (const place of root.querySelectorAll("[data-text]")) place.textContent = t(place.dataset.text);
  for (const place of root.querySelectorAll(`[data-name-${current}]`)) place.textContent = place.getAttribute(`data-name-${current}`);
  for (const place of root.querySelectorAll("[data-label]")) {
    place.setAttribute("aria-label", t(place.dataset.label));
    if (place.matches("button, a")) place.title = t(place.dataset.label);
  }
  for (const place of root.querySelectorAll("[data-placeholder]")) place.placeholder = t(place.dataset.placeholder);
}

const other = () => (current === "en" ? "zh" : "en");

function show() {
  document.documentElement.lang = languageTag();
  document.title = t("page.title");
  placeTexts();
  // The button names the other language in that language, so that its readers find it.
  const button = find("language");
  button.textContent = t("language.short");
  button.lang = tags[other()];
  button.setAttribute("aria-label", t("language.switch"));
  button.title = t("language.switch");
}

/** Shows the page in its language and lets the button change it. */
export function startLanguage() {
  show();
  delete document.documentElement.dataset.starting;
  const change = () => {
    show();
    for (const listener of listeners) listener();
  };
  find("language").addEventListener("click", async () => {
    const wanted = other();
    try {
      texts = await load(wanted);
    } catch {
      // Without the server the page stays in the language that it has.
      return;
    }
    current = wanted;
    remember("language", current);
    change();
  });
  // A tablet's keyboard and mouse come and go.
  touch.addEventListener("change", change);
}
