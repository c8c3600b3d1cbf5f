// One file that is to be added: its picture, a field for its caption, its progress and what came of it.
import { element, fill } from "../shared/dom.js";
import { bytes, percent } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { addItem } from "./api.js";

export class UploadRow {
  /** "waiting", "sending", "done" or "failed". */
  state = "waiting";
  element = element("li", { class: "upload-row" });
  #file;
  #heard;
  #url;
  #caption = element("input", { type: "text", class: "upload-caption" });
  #progress = element("progress", { max: "1", value: "0" });
  #words = element("span", { class: "upload-words" });
  #action = element("button", { type: "button", class: "icon-button", on: { click: () => this.#act() } });
  #problem = null;
  #share = 0;

  /** `heard` has `changed()`, `removed(row)` and `retry()`. */
  constructor(file, heard) {
    this.#file = file;
    this.#heard = heard;
    this.#url = URL.createObjectURL(file);
    const image = element("img", { src: this.#url, alt: "", width: "48", height: "48" });
    const frame = element("span", { class: "upload-picture" }, image);
    image.addEventListener("error", () => fill(frame, icon("picture")));
    const name = element("span", { class: "upload-name" }, `${file.name} · ${bytes(file.size)}`);
    fill(this.element, frame, element("div", { class: "upload-middle" }, name, this.#caption, this.#progress, this.#words), this.#action);
    this.render();
  }

  /** Shows the state in words of the interface's language. */
  render() {
    const name = this.#file.name;
    this.element.dataset.state = this.state;
    this.#caption.placeholder = t("upload.caption");
    this.#caption.setAttribute("aria-label", t("upload.caption.of", { name }));
    this.#caption.disabled = this.state === "sending" || this.state === "done";
    this.#progress.hidden = this.state !== "sending";
    this.#progress.setAttribute("aria-label", name);
    this.#progress.value = this.#share;
    this.#words.textContent = {
      waiting: "",
      sending: this.#share < 1 ? percent(this.#share) : t("upload.reading"),
      done: t("upload.done"),
      failed: this.#problem?.sentence ?? "",
    }[this.state];
    this.#action.hidden = this.state === "sending" || this.state === "done";
    const label = this.state === "failed" ? t("retry") : t("upload.leave-out");
    fill(this.#action, this.state === "failed" ? label : icon("close"));
    this.#action.setAttribute("aria-label", `${label}: ${name}`);
  }

  /** Sends the file; what goes wrong becomes the row's words. */
  async send(signal) {
    this.#become("sending", 0);
    try {
      await addItem(this.#file, this.#caption.value.trim(), (share) => this.#become("sending", share), signal);
      this.#become("done", 1);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.#problem = problem;
      this.#become("failed", 0);
    }
  }

  /** Takes the row off the page. */
  discard() {
    URL.revokeObjectURL(this.#url);
    this.element.remove();
  }

  #become(state, share) {
    this.state = state;
    this.#share = share;
    this.render();
    this.#heard.changed();
  }

  #act() {
    if (this.state === "failed") {
      this.#become("waiting", 0);
      this.#heard.retry();
    } else {
      this.#heard.removed(this);
    }
  }
}
