// The grid of what is similar to an image: chosen by click, range or all, and labelled at once.
import { element, fill, find } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { request } from "../shared/requests.js";

const most = 60;

export class Grid {
  constructor() {
    this.images = [];
    this.chosen = new Set();
    this.last = 0;
    find("choose-all").addEventListener("click", () => this.chooseAll());
    find("close-grid").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !find("grid-view").hidden;
  }

  get selection() {
    return this.images.filter((image) => this.chosen.has(image.id));
  }

  async open(image, query, tab) {
    const names = new URLSearchParams({ ...query, item: image.id, tab, count: String(most), grid: "true" });
    const { images } = await request(`v1/labels/queue?${names}`);
    this.images = images;
    this.chosen.clear();
    find("grid-view").hidden = false;
    this.render();
    find("tiles").querySelector("button")?.focus();
    find("grid-view").scrollIntoView({ block: "start" });
  }

  close() {
    find("grid-view").hidden = true;
    fill(find("tiles"));
    this.images = [];
  }

  chooseAll() {
    const isAll = this.chosen.size === this.images.length;
    this.chosen = new Set(isAll ? [] : this.images.map((image) => image.id));
    this.mark();
  }

  /** Forgets images that were labelled. */
  drop(images) {
    const gone = new Set(images.map((image) => image.id));
    this.images = this.images.filter((image) => !gone.has(image.id));
    this.chosen.clear();
    this.render();
    if (this.images.length === 0) this.close();
  }

  click(place, event) {
    const id = this.images[place].id;
    if (event.shiftKey) {
      const [from, to] = [Math.min(place, this.last), Math.max(place, this.last)];
      for (const image of this.images.slice(from, to + 1)) this.chosen.add(image.id);
    } else if (!this.chosen.delete(id)) {
      this.chosen.add(id);
    }
    this.last = place;
    this.mark();
  }

  render() {
    fill(find("tiles"), ...this.images.map((image, place) => element(
      "button", { type: "button", title: image.name, "aria-label": image.name, on: { click: (event) => this.click(place, event) } },
      element("img", { src: `${image.thumbnail}&size=256`, alt: "", loading: "lazy" }))));
    this.mark();
  }

  mark() {
    const tiles = find("tiles").children;
    this.images.forEach((image, place) => tiles[place].setAttribute("aria-pressed", String(this.chosen.has(image.id))));
    fill(find("chosen"), t("chosen", { count: this.chosen.size }));
  }
}
