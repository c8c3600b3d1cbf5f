// Which key gives which label: digits, then letters but those that do something else.
const letters = [..."abcdefhijklmnopqrtuvwxy"];
export const labelKeys = [..."1234567890", ...letters];

/** What keys do, for the list of keys: texts by what is pressed. */
export const meanings = [
  ["1 … 0, a … y", "key.label"], ["Space", "key.space"], ["Enter", "key.enter-key"], ["← →", "key.arrows"], ["z", "key.undo"],
  ["s", "key.skip"], ["/", "key.search"], ["g", "key.grid"], ["Shift", "key.range"], ["Ctrl+A", "key.all"], ["Esc", "key.escape"],
  ["?", "key.help"],
];
