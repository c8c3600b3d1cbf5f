// The panel of conditions. Its form writes a filter expression; the expression may be written by hand as well, and a
// hand-written one that the form cannot show is kept, with the form's conditions added to it.
import { debounce, find } from "../shared/dom.js";
import { conditions, expression, noConditions } from "./expression.js";
import { change, state } from "./state.js";

const names = Object.keys(noConditions);
const field = (name) => find(`filter-${name}`);
let kept = "";

/** Lets the panel open, and its fields write the filter. */
export function startFilters() {
  find("filters-button").addEventListener("click", () => openFilters(find("filters").hidden));
  const write = debounce(300, () => apply(combined()));
  for (const name of names) {
    field(name).addEventListener("input", () => {
      field("expression").value = combined();
      write();
    });
  }
  find("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    write.cancel();
    take(field("expression").value);
    apply(field("expression").value);
  });
  field("expression").addEventListener("change", () => {
    take(field("expression").value);
    apply(field("expression").value);
  });
  find("filter-clear").addEventListener("click", () => {
    write.cancel();
    showFilter("");
    apply("");
    field("width").focus();
  });
  showFilter(state.filter);
  if (state.filter) openFilters(true);
}

/** Opens or closes the panel. */
export function openFilters(isOpen) {
  find("filters").hidden = !isOpen;
  find("filters-button").setAttribute("aria-expanded", String(isOpen));
}

/** Shows a filter in the fields, unless it is what they show already. */
export function showFilter(filter) {
  find("filters-button").classList.toggle("is-set", filter !== "");
  if (field("expression").value.trim() === filter.trim()) return;
  field("expression").value = filter;
  take(filter);
}

/** Says beside the expression what is wrong with it; an empty message takes the words away. */
export function showFilterError(message) {
  find("filter-error").textContent = message;
  if (message) field("expression").setAttribute("aria-invalid", "true");
  else field("expression").removeAttribute("aria-invalid");
  if (message) openFilters(true);
}

// Reads an expression into the form, or keeps it beside the form.
function take(filter) {
  const found = conditions(filter);
  kept = found ? "" : filter.trim();
  for (const name of names) field(name).value = (found ?? noConditions)[name];
}

function combined() {
  const written = expression(Object.fromEntries(names.map((name) => [name, field(name).value.trim()])));
  if (!kept) return written;
  return written ? `(${kept}) and ${written}` : kept;
}

function apply(filter) {
  if (filter.trim() !== state.filter.trim()) change({ filter: filter.trim() });
}
