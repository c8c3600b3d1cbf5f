// What stands in place of the grid when there is nothing to show, and what can be done about it.
import { element, fill, find } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { canWrite } from "../shared/session.js";
import { openFilters } from "./filters.js";
import { change, isSearch, state } from "./state.js";
import { openUpload } from "./upload.js";

const button = (words, action, kind = null) => element("button", { type: "button", class: kind, on: { click: action } }, words);

/** Takes the words away. */
export function hideEmpty() {
  find("empty").hidden = true;
}

/** Says how to start a server with a store. */
export function showNoStore() {
  show(
    element("h2", {}, t("no-store.title")),
    element("p", {}, t("no-store.explanation")),
    element("pre", { tabindex: "0" }, "diptych index PICTURES --store DIR\ndiptych serve --store DIR"));
}

/** Says why there is nothing, by what the state asks for. */
export function showNothing(session) {
  if (!isSearch() && !state.filter) {
    show(
      element("h2", {}, t("store-empty.title")),
      element("p", {}, canWrite() ? t("store-empty.add") : t("store-empty.explanation")),
      element("pre", { tabindex: "0" }, `diptych index PICTURES --store ${session?.store?.name ?? "DIR"}`),
      canWrite() && button(t("upload.title"), () => openUpload(), "primary"));
    return;
  }
  show(
    element("h2", {}, t("nothing.title")),
    element("p", {}, t("nothing.explanation")),
    element("div", { class: "actions" },
      state.filter && button(t("nothing.filter"), () => openFilters(true)),
      state.filter && button(t("nothing.without-filter"), () => change({ filter: "" })),
      state.relevant && button(t("nothing.all"), () => change({ relevant: false }))));
}

function show(...children) {
  fill(find("empty"), ...children);
  find("empty").hidden = false;
}
