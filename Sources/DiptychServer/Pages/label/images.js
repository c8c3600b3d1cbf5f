// The images to label: what was shown, what shows, and what comes, fetched and decoded ahead.
import { element } from "../shared/dom.js";
import { request } from "../shared/requests.js";

const [ahead, batch, behind] = [20, 30, 40];

export class Images {
  constructor(tab) {
    this.tab = tab;
    this.list = [];
    this.place = 0;
    this.pictures = new Map();
    this.isOver = false;
    this.query = {};
  }

  get current() {
    return this.list[this.place] ?? null;
  }

  /** Begins with another order. */
  async begin(query, live = null) {
    Object.assign(this, { list: [], place: 0, isOver: false, query, more: null });
    this.pictures.clear();
    await this.fetch(live);
  }

  async fetch(live = null) {
    const query = this.query;
    const names = new URLSearchParams({ ...query, tab: this.tab, count: String(batch) });
    if (live) {
      names.set("fresh", "true");
      if (live.length > 0) names.set("live", live.join(","));
    }
    const { images } = await request(`v1/labels/queue?${names}`);
    if (query !== this.query) return;
    const known = new Set(this.list.map((image) => image.id));
    const fresh = images.filter((image) => !known.has(image.id));
    this.isOver = fresh.length === 0;
    this.list.push(...fresh);
    this.prepare();
  }

  /** Fetches more in the background where few are left. */
  fill() {
    if (this.more || this.isOver || this.list.length - this.place > ahead) return this.more ?? Promise.resolve();
    this.more = this.fetch().finally(() => (this.more = null));
    this.more.catch(() => {});
    return this.more;
  }

  /** The element of an image; the same one until it is forgotten. */
  picture(image) {
    let made = this.pictures.get(image.id);
    if (!made) {
      made = element("img", { src: `${image.thumbnail}&size=768`, alt: image.name, decoding: "async" });
      made.decode?.().catch(() => {});
      this.pictures.set(image.id, made);
    }
    return made;
  }

  prepare() {
    for (const image of this.list.slice(this.place, this.place + ahead)) this.picture(image);
  }

  move(steps) {
    const place = this.place + steps;
    if (place < 0 || place > this.list.length) return false;
    this.place = place;
    // What lies far behind is forgotten, so that memory stays as it is.
    while (this.place > behind) {
      this.pictures.delete(this.list[0].id);
      this.list.shift();
      this.place -= 1;
    }
    this.prepare();
    this.fill();
    return true;
  }

  /** Shows an image before what comes next. */
  put(image) {
    const known = this.list.findIndex((other) => other.id === image.id);
    if (known >= 0) {
      this.list[known] = image;
      this.place = known;
    } else {
      this.list.splice(this.place, 0, image);
    }
    this.prepare();
  }
}
