// What stands around the grid: the search field, chips for what else is searched by, and the words below.
import { debounce, element, fill, find } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { item as loadItem } from "./api.js";
import { keptPicture } from "./pictures.js";
import { change, state } from "./state.js";
import { itemName, picture } from "./tile.js";

let isTyping = false;
addEventListener("popstate", () => (isTyping = false));

/** Lets the search field search while it is typed in, and the fields beside it. */
export function startControls() {
  const field = find("text");
  // One step of the history for a run of typing, not one for each letter.
  const commit = () => {
    search.cancel();
    if (field.value === state.text) return;
    change({ text: field.value }, { replace: isTyping });
    isTyping = true;
  };
  const search = debounce(150, commit);
  // While an input method composes a word, its letters are not what is searched for.
  field.addEventListener("input", (event) => event.isComposing || search());
  field.addEventListener("compositionend", search);
  const finish = () => {
    commit();
    isTyping = false;
  };
  field.addEventListener("blur", finish);
  find("search").addEventListener("submit", (event) => {
    event.preventDefault();
    finish();
  });
  find("minus-form").addEventListener("submit", (event) => {
    event.preventDefault();
    addMinus();
  });
  find("minus").addEventListener("blur", addMinus);
  find("relevant").addEventListener("change", (event) => change({ relevant: event.target.checked }));
}

function addMinus() {
  const term = find("minus").value.trim();
  find("minus").value = "";
  if (term && !state.minus.includes(term)) change({ minus: [...state.minus, term] });
}

/** Shows the state in the fields and chips. */
export function showControls(items, cropPicture, cropItem) {
  // The same value put in again would move the cursor in some browsers.
  if (find("text").value !== state.text) find("text").value = state.text;
  find("relevant").checked = state.relevant;
  fill(find("chips"), pictureChip(cropPicture), likeChip(items, cropItem), ...state.minus.map(minusChip));
}

function pictureChip(crop) {
  const kept = state.picture === null ? null : keptPicture(state.picture);
  if (!kept) return null;
  const image = element("img", { src: kept.url, alt: "", width: "36", height: "36" });
  image.addEventListener("error", () => image.replaceWith(icon("picture")));
  return chip(image, t("chip.picture"), () => change({ picture: null }), () => crop(kept));
}

function likeChip(items, crop) {
  if (state.like === null) return null;
  const id = state.like;
  const frame = element("span", { class: "chip-picture" });
  const made = chip(frame, t("chip.like"), () => change({ like: null }), () => shown && crop(shown));
  let shown = items.find((item) => item.id === id) ?? null;
  const show = () => {
    fill(frame, picture(shown, 128));
    made.title = itemName(shown);
  };
  if (shown) show();
  else loadItem(id).then((item) => {
    shown = item;
    show();
  }, () => fill(frame, icon("picture")));
  return made;
}

function minusChip(term) {
  const words = t("chip.minus", { term });
  return chip(null, words, () => change({ minus: state.minus.filter((other) => other !== term) }));
}

function chip(image, words, remove, crop = null) {
  return element("span", { class: "chip" }, image, element("span", { class: "chip-words" }, words),
    crop && element("button", { type: "button", class: "icon-button", "aria-label": t("crop.open"), title: t("crop.open"), on: { click: crop } }, icon("crop")),
    element("button", {
      type: "button", class: "icon-button", "aria-label": t("chip.remove", { words }), title: t("chip.remove", { words }),
      on: { click: () => { remove(); find("text").focus(); } },
    }, icon("close")));
}
