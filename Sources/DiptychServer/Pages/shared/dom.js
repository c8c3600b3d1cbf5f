// Making elements. Texts only ever become text nodes: nothing that the server says is read as HTML.

/**
 * An element with attributes and children. An attribute of null, undefined or false is left out; `on` maps events to
 * listeners; a child that is null, undefined or false is left out.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  fill(made, ...children);
  return made;
}

/** Replaces what an element holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/** The element with this id; a page without it is a mistake in the page. */
export function find(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element '${id}'`);
  return found;
}

/** Calls `action` when `delay` milliseconds have passed without another call; `cancel` forgets the last one. */
export function debounce(delay, action) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), delay);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Whether a key press is meant for a field that takes text. */
export function isTyping(target) {
  if (!(target instanceof Element)) return false;
  return target.matches("textarea, select, [contenteditable]") || (target.matches("input") && !isButtonLike(target));
}

function isButtonLike(input) {
  return ["checkbox", "radio", "button", "submit", "file"].includes(input.type);
}
