// What went wrong with a request: the server's problem document (RFC 9457), or that no answer came.
import { t } from "./i18n.js";

export class Problem extends Error {
  /** `status` 0 stands for no answer; `retryAfter` is in seconds, or null. */
  constructor({ status, title = "", detail = "", field = null, retryAfter = null }) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.field = field;
    this.retryAfter = retryAfter;
  }

  /** From an answer's status, its text and its Retry-After header. */
  static from(status, text, retryAfter) {
    let said = {};
    try {
      said = JSON.parse(text) ?? {};
    } catch {
      // Something between here and the server answered; its status has to do.
    }
    const words = (value) => (typeof value === "string" ? value : "");
    return new Problem({
      status, title: words(said.title), detail: words(said.detail), field: words(said.field) || null,
      retryAfter: seconds(retryAfter),
    });
  }

  static get noAnswer() {
    return new Problem({ status: 0 });
  }

  /** Whether the filter is what the server could not read. */
  get isAboutFilter() {
    return this.field === "filter";
  }

  /** One sentence for the page. */
  get sentence() {
    if (this.status === 0) return navigator.onLine ? t("problem.no-answer") : t("problem.offline");
    if (this.status === 429) return withWait("problem.too-many", this.retryAfter);
    if (this.status === 503) return withWait("problem.busy", this.retryAfter);
    if (this.status === 401) return t("problem.key");
    if (this.status === 413) return this.detail || t("problem.too-large");
    return this.detail || this.title || t("problem.status", { status: String(this.status) });
  }
}

function withWait(key, wait) {
  return wait ? `${t(key)} ${t("problem.later", { count: Math.ceil(wait) })}` : t(key);
}

/** Retry-After is a number of seconds or a date. */
function seconds(text) {
  if (!text) return null;
  if (/^\d+$/.test(text.trim())) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}
