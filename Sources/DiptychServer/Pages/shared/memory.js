// What the browser remembers between visits; where storage is forbidden, nothing is remembered and nothing fails.

/** The remembered value, or null. */
export function recall(key) {
  try {
    return localStorage.getItem(`diptych.${key}`);
  } catch {
    return null;
  }
}

/** Remembers a value; null forgets it. */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(`diptych.${key}`);
    else localStorage.setItem(`diptych.${key}`, value);
  } catch {
    // Forbidden or full: the choice holds until the page is left.
  }
}
