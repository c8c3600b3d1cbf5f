// How many were found, in words beside the refinements.
import { find } from "../shared/dom.js";
import { onLanguage } from "../shared/i18n.js";

let summary = () => "";

/** Says how many were found; `words` is asked again when the language changes. */
export function summarise(words) {
  summary = words;
  find("summary").textContent = words();
}

onLanguage(() => (find("summary").textContent = summary()));
