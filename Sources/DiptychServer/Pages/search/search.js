// Runs searches: the newest counts, and answers to older ones are dropped.
import { findPage } from "./api.js";

export class Search {
  /** The cursor of the next page, or null at the end. */
  next = null;
  #query = null;
  #sequence = 0;
  #controller = null;
  #isLoading = false;
  #heard;

  /** `heard` has `started()`, `found(results, isFirst)` and `failed(problem, isFirst)`. */
  constructor(heard) {
    this.#heard = heard;
  }

  get isLoading() {
    return this.#isLoading;
  }

  /** Starts a new search and drops the one before. */
  run(query) {
    this.#controller?.abort();
    this.#query = query;
    this.next = null;
    this.#heard.started();
    return this.#load(true);
  }

  /** Loads the next page, unless there is none or one is being loaded. */
  async more() {
    if (this.#isLoading || this.next === null) return;
    await this.#load(false);
  }

  async #load(isFirst) {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#controller = new AbortController();
    this.#isLoading = true;
    try {
      const page = await findPage(this.#query, this.next, this.#controller.signal);
      // An answer may have been on its way already when its search was replaced.
      if (sequence !== this.#sequence) return;
      this.next = page.next ?? null;
      this.#isLoading = false;
      this.#heard.found(page.results, isFirst);
    } catch (problem) {
      if (sequence !== this.#sequence || problem.name === "AbortError") return;
      this.#isLoading = false;
      this.#heard.failed(problem, isFirst);
    }
  }
}
