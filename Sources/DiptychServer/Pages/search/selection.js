// The pictures that are selected among the results: by click, by a range with Shift, or all.
import { find } from "../shared/dom.js";

const chosen = new Set();
const listeners = new Set();
let grid = null;
let last = null;

/** Begins to follow a grid. */
export function startSelection(of) {
  grid = of;
}

export const isSelected = (id) => chosen.has(id);

/** The items that are selected, in the order of the grid. */
export const selected = () => grid?.items.filter((item) => chosen.has(item.id)) ?? [];

/** Calls `listener` whenever the selection changes. */
export function onSelection(listener) {
  listeners.add(listener);
}

/** Selects an item, or no longer; with `isRange` all from the last one to it. */
export function select(id, isRange = false) {
  const [from, to] = [grid.index(last), grid.index(id)].sort((a, b) => a - b);
  if (isRange && from >= 0) for (const item of grid.items.slice(from, to + 1)) chosen.add(item.id);
  else if (!chosen.delete(id)) chosen.add(id);
  last = id;
  mark();
}

/** Selects all that are shown, or none where all are. */
export function selectAll() {
  const isAll = grid.items.every((item) => chosen.has(item.id));
  if (isAll) chosen.clear();
  else for (const item of grid.items) chosen.add(item.id);
  mark();
}

export function clearSelection() {
  chosen.clear();
  last = null;
  mark();
}

/** Forgets what the grid no longer has. */
export function pruneSelection() {
  const there = new Set(grid.items.map((item) => item.id));
  for (const id of chosen) if (!there.has(id)) chosen.delete(id);
  mark();
}

function mark() {
  const buttons = find("grid").querySelectorAll(".select");
  grid.items.forEach((item, place) => buttons[place]?.setAttribute("aria-pressed", String(chosen.has(item.id))));
  for (const listener of listeners) listener(chosen.size);
}
