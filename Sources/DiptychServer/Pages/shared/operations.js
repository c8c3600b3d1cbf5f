// Decisions on their way to the server. Each is in the browser's database, on the disk, or with the server before the next image
// shows; what the server has not confirmed is sent again, also after the browser was closed. Sending twice stores once.
import { request } from "./requests.js";

const name = "diptych-label";
let database = null;
try {
  database = await open();
} catch {
  // Where storage is forbidden, only the server keeps decisions.
}

function open() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("operations", { keyPath: "key" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

function change(action) {
  if (!database) return Promise.reject(new Error("there is no database"));
  return new Promise((resolve, reject) => {
    const work = database.transaction("operations", "readwrite", { durability: "strict" });
    const asked = action(work.objectStore("operations"));
    work.oncomplete = () => resolve(asked?.result);
    work.onerror = work.onabort = () => reject(work.error ?? new Error("the database is full"));
  });
}

/** An identifier that nobody else makes; pages without TLS lack randomUUID. */
export function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const mostAtOnce = 200;
const [firstPause, longestPause] = [0.4, 5];

export class Operations {
  /** `place` names the store, for a browser that knows several; `changed` is told how many wait, and why. */
  constructor(place, changed, refused) {
    this.place = place;
    this.changed = changed;
    this.refused = refused;
    this.waiting = [];
    this.sending = false;
    this.pause = firstPause;
    this.last = 0;
    addEventListener("online", () => this.send());
  }

  /** Takes up what an earlier visit left. */
  async resume() {
    const left = database ? await change((store) => store.getAll()).catch(() => []) : [];
    for (const kept of left.sort((a, b) => (a.key < b.key ? -1 : 1))) if (kept.place === this.place) this.waiting.push(kept);
    this.send();
  }

  get count() {
    return this.waiting.length;
  }

  /** Adds an operation. `safe` resolves once it is on a disk, the browser's or the server's; `done` with the server's word. */
  add(operation, context) {
    const { safe, done: [done] } = this.addAll([operation], context);
    return { safe, done };
  }

  /** Adds several at once; `done` has a promise for each. */
  addAll(operations, context) {
    const done = [];
    const plain = [];
    for (const operation of operations) {
      // Keys rise with the order of decisions, also over tabs.
      this.last = Math.max(Date.now(), this.last + 1);
      const key = `${String(this.last).padStart(15, "0")}-${operation.id}`;
      const kept = { key, place: this.place, operation, task: context.task, annotator: context.annotator };
      plain.push({ ...kept });
      done.push(new Promise((resolve) => (kept.resolve = resolve)));
      this.waiting.push(kept);
    }
    this.send();
    const safe = Promise.any([change((store) => void plain.forEach((kept) => store.put(kept))), Promise.all(done)]);
    return { safe, done };
  }

  async send() {
    if (this.sending || this.waiting.length === 0) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      while (this.waiting.length > 0) await this.sendSome();
      this.pause = firstPause;
      this.changed(0, null);
    } catch (problem) {
      this.changed(this.waiting.length, problem);
      this.timer = setTimeout(() => this.send(), this.pause * 1000);
      this.pause = Math.min(longestPause, 2 * this.pause);
    } finally {
      this.sending = false;
    }
  }

  async sendSome() {
    const first = this.waiting[0];
    let some = this.waiting.slice(0, mostAtOnce);
    const other = some.findIndex((kept) => kept.task !== first.task || kept.annotator !== first.annotator);
    if (other > 0) some = some.slice(0, other);
    let results;
    try {
      results = await this.post(some);
    } catch (problem) {
      if (problem.status !== 400) throw problem;
      // One that the server never takes does not keep the others.
      results = [];
      for (const kept of some) {
        try {
          results.push(...(await this.post([kept])));
        } catch (own) {
          if (own.status !== 400) throw own;
          this.refused(own);
          results.push({ id: kept.operation.id, status: "refused" });
        }
      }
    }
    this.waiting.splice(0, some.length);
    some.forEach((kept, place) => kept.resolve?.(results[place]));
    if (database) change((store) => void some.forEach((kept) => store.delete(kept.key))).catch(() => {});
    if (this.waiting.length > 0) this.changed(this.waiting.length, null);
  }

  async post(some) {
    const json = { operations: some.map((kept) => kept.operation) };
    if (some[0].annotator) json.annotator = some[0].annotator;
    const { results } = await request(`v1/labels/decisions?task=${some[0].task}`, { method: "POST", json });
    return results;
  }
}
