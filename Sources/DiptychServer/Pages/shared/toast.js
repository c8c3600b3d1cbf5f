// Short messages at the page's foot, with a button that takes back what was done.
import { element, find } from "./dom.js";
import { t } from "./i18n.js";

const seconds = 8;

/** Shows a message for eight seconds, and longer while the pointer or the focus is on it. Returns what takes it away. */
export function toast(message, undo = null) {
  const made = element("div", { class: "toast" }, element("span", {}, message));
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    made.remove();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(close, seconds * 1000);
  };
  if (undo) {
    const button = element("button", { type: "button" }, t("undo"));
    button.addEventListener("click", () => {
      close();
      undo();
    });
    made.append(button);
  }
  for (const event of ["pointerenter", "focusin"]) made.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["pointerleave", "focusout"]) made.addEventListener(event, wait);
  find("toasts").append(made);
  wait();
  return close;
}
