// The grid of results: rows of one height, more of them as the reader scrolls, and arrow keys that move in it.
import { find } from "../shared/dom.js";
import { onLanguage } from "../shared/i18n.js";
import { select, selectAll } from "./selection.js";
import { tile } from "./tile.js";

export class Grid {
  /** The items in the order in which they are shown. */
  items = [];
  /** Which search the items were found by. */
  key = "";
  /** The first result of the search, even when it has been removed. */
  best = null;
  #list = find("grid");
  #heard;
  #watch;

  /** `heard` has `open(item)`, `similar(item)`, `href(item)` and `more()`, which the end of the grid asks for. */
  constructor(heard) {
    this.#heard = heard;
    this.#watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && heard.more(), {
      rootMargin: "800px",
    });
    this.#list.addEventListener("keydown", (event) => this.#press(event));
    this.#list.addEventListener("focusin", (event) => {
      const link = event.target.closest(".tile")?.querySelector(".open");
      if (link) this.#makeCurrent(link);
    });
    onLanguage(() => this.show(this.items, this.best));
  }

  /** Shows these items in place of all others. */
  show(items, best = items[0] ?? null) {
    this.items = [...items];
    this.best = best;
    this.#list.replaceChildren(...items.map((item) => this.#tile(item)));
    this.#makeCurrent(this.#links[0]);
    this.watchEnd();
  }

  /** Shows more items at the end. */
  append(items) {
    this.items.push(...items);
    this.#list.append(...items.map((item) => this.#tile(item)));
    if (!this.#current) this.#makeCurrent(this.#links[0]);
    this.watchEnd();
  }

  /** Takes an item out and returns where it was, or -1. */
  remove(id) {
    const place = this.index(id);
    if (place < 0) return place;
    this.items.splice(place, 1);
    const gone = this.#list.children[place];
    const wasCurrent = gone.contains(this.#current);
    gone.remove();
    if (wasCurrent) this.#makeCurrent(this.#links[Math.min(place, this.items.length - 1)]);
    return place;
  }

  /** Puts an item back where it was. */
  insert(item, place) {
    const before = Math.min(place, this.items.length);
    this.items.splice(before, 0, item);
    this.#list.insertBefore(this.#tile(item), this.#list.children[before] ?? null);
    this.#makeCurrent(this.#links[before]);
  }

  /** Shows an item as it is now. */
  update(item) {
    const place = this.index(item.id);
    if (place < 0) return;
    // What the search said of it stays.
    this.items[place] = { ...this.items[place], ...item };
    const before = this.#list.children[place];
    const isCurrent = before.contains(this.#current);
    before.replaceWith(this.#tile(this.items[place]));
    if (isCurrent) this.#makeCurrent(this.#links[place]);
  }

  index(id) {
    return this.items.findIndex((item) => item.id === id);
  }

  /** Moves the focus to an item, or to the one that Tab would reach. */
  focus(id) {
    const link = (id && this.#links[this.index(id)]) || this.#current;
    link?.focus();
  }

  /** Asks for more as soon as the end comes near, or at once where it is near now. */
  watchEnd() {
    const end = find("end");
    this.#watch.unobserve(end);
    this.#watch.observe(end);
  }

  get #links() {
    return [...this.#list.querySelectorAll(".open")];
  }

  get #current() {
    return this.#list.querySelector(".open[tabindex='0']");
  }

  // One tile only is reached by Tab; the arrow keys move from there.
  #makeCurrent(link) {
    const before = this.#current;
    if (before === link) return;
    before?.setAttribute("tabindex", "-1");
    link?.setAttribute("tabindex", "0");
  }

  #tile(item) {
    return tile(item, this.#heard.href(item), this.best, this.#heard);
  }

  #press(event) {
    if (event.key === "a" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      return selectAll();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches(".open")) return;
    const links = this.#links;
    const here = links.indexOf(event.target);
    const step = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: links.length - 1 }[event.key];
    let target = null;
    if (step !== undefined) target = links[step];
    else if (event.key === "ArrowDown") target = nextRow(links, here, 1);
    else if (event.key === "ArrowUp") target = nextRow(links, here, -1);
    else if (event.key.toLowerCase() === "m") this.#heard.similar(this.items[here]);
    else if (event.key.toLowerCase() === "x") select(this.items[here].id, event.shiftKey);
    else return;
    event.preventDefault();
    target?.focus();
  }
}

// The tile of the next row whose middle is nearest; rows have different numbers of tiles.
function nextRow(links, here, step) {
  const middle = (link) => link.getBoundingClientRect().left + link.getBoundingClientRect().width / 2;
  const top = (link) => Math.round(link.getBoundingClientRect().top);
  const start = links[here];
  let best = null;
  let row = null;
  for (let place = here + step; place >= 0 && place < links.length; place += step) {
    const link = links[place];
    if (top(link) === top(start)) continue;
    row ??= top(link);
    if (top(link) !== row) break;
    if (!best || Math.abs(middle(link) - middle(start)) < Math.abs(middle(best) - middle(start))) best = link;
  }
  return best;
}
