// A video in the detail view: the player, its moments, a search within it.
import { element, fill, find } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { frameAt, momentsOf } from "./api.js";
import { itemName } from "./tile.js";
import { clock, frameFile, frameType } from "./video.js";

export class VideoView {
  #item = null;
  #player = null;
  #controller = null;
  #frame;

  /** `frame(file)` searches by a frame. */
  constructor({ frame }) {
    this.#frame = frame;
    find("video-search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#list(find("video-text").value.trim());
    });
    find("video-text").addEventListener("input", (event) => event.target.value === "" && this.#list(""));
    find("video-frame").addEventListener("click", () => this.#search());
  }

  /** The player of a video, which begins at its moment. */
  show(item) {
    if (this.#item?.id !== item.id) this.#begin(item);
    find("detail-video").hidden = false;
    return this.#player;
  }

  #begin(item) {
    this.hide();
    this.#item = item;
    find("video-text").value = "";
    this.#player = element("video", {
      class: "player", controls: true, preload: "metadata", playsinline: true, poster: frameAt(item, item.best ?? 0, 1024),
      "aria-label": itemName(item),
    });
    const player = this.#player;
    player.addEventListener("loadedmetadata", () => (player.currentTime = item.start ?? 0), { once: true });
    player.src = item.original;
    this.#list("");
  }

  /** Ends what plays. */
  hide() {
    find("detail-video").hidden = true;
    this.#controller?.abort();
    this.#player?.pause();
    this.#player?.removeAttribute("src");
    this.#player?.load();
    this.#player = null;
    this.#item = null;
  }

  async #list(text) {
    this.#controller?.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const item = this.#item;
    if (!item) return;
    try {
      const moments = await momentsOf(item.id, text, signal);
      if (this.#item !== item) return;
      fill(find("video-moments"), ...moments.map((moment) => this.#moment(item, moment)));
      find("video-spoken").textContent = text ? t("video.found", { count: moments.length }) : "";
      if (text && moments.length > 0) this.#go(moments[0]);
    } catch (problem) {
      if (problem.name !== "AbortError") find("detail-problem").textContent = problem.sentence ?? String(problem);
    }
  }

  #moment(item, moment) {
    const source = frameAt(item, moment.best, 256);
    const image = element("img", {
      src: source, alt: "", loading: "lazy", draggable: "true",
      on: {
        dragstart: (event) => {
          event.dataTransfer.setData(frameType, source);
          event.dataTransfer.effectAllowed = "copy";
          // The dialog lies over the search bar: it makes room, once the browser has taken up what is dragged.
          setTimeout(() => find("detail").close(), 0);
        },
      },
    });
    return element("li", {}, element("button", {
      type: "button", "aria-label": t("video.moment", { start: clock(moment.start), end: clock(moment.end) }),
      "data-start": moment.start, on: { click: () => this.#go(moment) },
    }, image, `${clock(moment.start)}–${clock(moment.end)}`));
  }

  #go(moment) {
    const player = this.#player;
    const play = () => {
      player.currentTime = moment.start;
      player.play().catch(() => {});
    };
    if (player.readyState > 0) play();
    else player.addEventListener("loadedmetadata", play, { once: true });
    for (const button of find("video-moments").querySelectorAll("button")) {
      button.setAttribute("aria-current", String(Number(button.dataset.start) === moment.start));
    }
  }

  async #search() {
    try {
      this.#frame(await frameFile(frameAt(this.#item, this.#player?.currentTime ?? 0, 1024)));
    } catch (problem) {
      find("detail-problem").textContent = problem.message ?? String(problem);
    }
  }
}
