// The detail view: one item large, what is known about it, what can be done with it, and what is similar.
import { element, fill, find, isTyping } from "../shared/dom.js";
import { isShownByBrowsers } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { canWrite, onSession } from "../shared/session.js";
import { toast } from "../shared/toast.js";
import { editItems, item as loadItem, similarItems } from "./api.js";
import { facts } from "./facts.js";
import { removeItem } from "./removal.js";
import { address, change, leave, state } from "./state.js";
import { itemFile, itemName, picture, scores } from "./tile.js";
import { isVideo } from "./video.js";
import { VideoView } from "./video-view.js";

export class Detail {
  #dialog = find("detail");
  #item = null;
  #controller = null;
  #grid;
  #heard;
  #video;

  /** `heard` has `similar(item)`, `frame(file)`, `crop(item)`, `more()`, `hasMore()` and `missing(problem)`. */
  constructor(grid, heard) {
    this.#grid = grid;
    this.#heard = heard;
    this.#video = new VideoView({ frame: heard.frame });
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      leave({ item: null });
    });
    // The browser may close a dialog without asking.
    this.#dialog.addEventListener("close", () => state.item !== null && leave({ item: null }));
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && leave({ item: null }));
    this.#dialog.addEventListener("keydown", (event) => this.#press(event));
    find("detail-close").addEventListener("click", () => leave({ item: null }));
    find("detail-before").addEventListener("click", () => this.#go(-1));
    find("detail-after").addEventListener("click", () => this.#go(1));
    find("detail-similar").addEventListener("click", () => heard.similar(this.#item));
    find("detail-crop").addEventListener("click", () => heard.crop(this.#item));
    find("detail-delete").addEventListener("click", () => this.#delete());
    find("detail-edit").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    onSession(() => (find("detail-delete").hidden = find("detail-edit").hidden = !canWrite()));
    onLanguage(() => this.#item && this.#render());
  }

  /** Shows the item of this id, or with null closes the view. */
  async show(id) {
    this.#controller?.abort();
    if (id === null) return this.#close();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    try {
      const known = this.#grid.items[this.#grid.index(id)];
      this.#item = known ?? (await loadItem(id, signal));
      this.#render();
      if (!this.#dialog.open) {
        this.#dialog.showModal();
        find("detail-close").focus();
      }
      this.#dialog.scrollTop = 0;
      await this.#showSimilar(signal);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (this.#dialog.open) find("detail-problem").textContent = problem.sentence ?? String(problem);
      else this.#heard.missing(problem);
    }
  }

  #close() {
    const id = this.#item?.id;
    this.#item = null;
    this.#video.hide();
    if (!this.#dialog.open) return;
    this.#dialog.close();
    this.#grid.focus(id);
  }

  #render() {
    const item = this.#item;
    const name = itemName(item);
    if (isVideo(item)) fill(find("detail-picture"), this.#video.show(item));
    else {
      this.#video.hide();
      fill(find("detail-picture"), picture(item, 1024));
    }
    find("detail-crop").hidden = isVideo(item);
    find("detail-title").textContent = name;
    fill(find("detail-scores"), scores(item, this.#grid.best, { numbers: true }));
    fill(find("detail-facts"), ...facts(item).map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
    find("detail-caption").value = item.attributes?.caption ?? "";
    find("detail-tags").value = tags(item).join(", ");
    this.#renderOriginal();
    find("detail-problem").textContent = "";
    this.showPlace();
    const position = find("detail-position").textContent;
    find("detail-spoken").textContent = position ? `${position}: ${name}` : name;
  }

  // What browsers cannot show is given to be kept; the picture above is the server's rendition of it.
  #renderOriginal() {
    const link = find("detail-original");
    link.hidden = !this.#item.original;
    if (link.hidden) return;
    const isShown = isShownByBrowsers(this.#item.attributes?.type);
    link.href = this.#item.original;
    if (isShown) link.removeAttribute("download");
    else link.download = itemFile(this.#item);
    const words = link.querySelector("[data-text]");
    words.dataset.text = isShown ? "detail.original" : "detail.download";
    words.textContent = t(words.dataset.text);
  }

  /** Shows where in the grid the item stands; to be called again when the grid has changed. */
  showPlace() {
    if (!this.#item) return;
    const count = this.#grid.items.length;
    const place = this.#grid.index(this.#item.id);
    find("detail-position").textContent = place < 0 ? "" : t("detail.position", { place: place + 1, count });
    find("detail-before").disabled = place <= 0;
    find("detail-after").disabled = place < 0 || (place === count - 1 && !this.#heard.hasMore());
  }

  async #showSimilar(signal) {
    const list = find("detail-neighbours");
    list.setAttribute("aria-busy", "true");
    fill(list);
    const found = await similarItems(this.#item.id, 8, signal);
    fill(list, ...found.map((item) => element("li", {}, element("a", {
      href: address({ ...state, item: item.id }),
      on: {
        click: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          change({ item: item.id });
        },
      },
    }, picture(item, 256)))));
    list.removeAttribute("aria-busy");
    find("detail-neighbours-title").hidden = found.length === 0;
  }

  #press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
    if (event.key === "ArrowLeft") this.#go(-1);
    else if (event.key === "ArrowRight") this.#go(1);
    else return;
    event.preventDefault();
  }

  async #go(step) {
    const place = this.#grid.index(this.#item.id);
    if (place < 0) return;
    if (place + step >= this.#grid.items.length) await this.#heard.more();
    const target = this.#grid.items[place + step];
    if (target) change({ item: target.id }, { replace: true });
  }

  /** Sends the caption and the tags that were edited; a toast offers to undo it. */
  async #save() {
    const item = this.#item;
    const before = { id: item.id, caption: item.attributes?.caption ?? null, attributes: { tags: item.attributes?.tags ?? null } };
    const written = find("detail-tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
    const change = { id: item.id, caption: find("detail-caption").value.trim() || null, attributes: { tags: written.length > 0 ? [...new Set(written)] : null } };
    const send = async (edit) => {
      try {
        const [now] = await editItems([edit]);
        this.#grid.update(now);
        if (this.#item?.id !== now.id) return;
        this.#item = { ...this.#item, ...now };
        this.#render();
      } catch (problem) {
        find("detail-problem").textContent = problem.sentence;
        throw problem;
      }
    };
    await send(change).then(() => toast(t("edit.saved"), () => send(before).catch(() => {})), () => {});
  }

  async #delete() {
    const button = find("detail-delete");
    button.disabled = true;
    try {
      const place = this.#grid.index(this.#item.id);
      await removeItem(this.#item, this.#grid);
      // The focus goes to the item that took the place of this one.
      this.#item = this.#grid.items[Math.min(Math.max(place, 0), this.#grid.items.length - 1)] ?? null;
      leave({ item: null });
    } catch (problem) {
      find("detail-problem").textContent = problem.sentence;
    } finally {
      button.disabled = false;
    }
  }
}

/** The tags of an item. */
function tags(item) {
  return [item.attributes?.tags ?? []].flat().filter((tag) => typeof tag === "string");
}
