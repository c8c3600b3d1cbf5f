// The theme: the system's, or the one that was chosen.
import { find, fill } from "./dom.js";
import { icon } from "./icons.js";
import { t, onLanguage } from "./i18n.js";
import { recall, remember } from "./memory.js";

const themes = ["system", "light", "dark"];

function current() {
  const chosen = recall("theme");
  return themes.includes(chosen) ? chosen : document.documentElement.dataset.theme ?? "system";
}

function show(theme) {
  const button = find("theme");
  fill(button, icon(theme));
  const words = t("theme.label", { theme: t(`theme.${theme}`) });
  button.setAttribute("aria-label", words);
  button.title = words;
}

/** Lets the button go through the themes. */
export function startTheme() {
  show(current());
  onLanguage(() => show(current()));
  find("theme").addEventListener("click", () => {
    const next = themes[(themes.indexOf(current()) + 1) % themes.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    remember("theme", next === "system" ? null : next);
    show(next);
  });
}
