// Labels for many pictures at once, from other pages than the labelling page: one group, which one undo takes back.
import { t } from "./i18n.js";
import { recall } from "./memory.js";
import { identifier, Operations } from "./operations.js";
import { request } from "./requests.js";
import { currentSession } from "./session.js";
import { toast } from "./toast.js";

export class Labelling {
  /** `changed(count, problem)` is told how many decisions wait and why; `refused(problem)` what the server never takes. */
  constructor(changed, refused) {
    this.task = null;
    this.labels = [];
    this.heard = [changed, refused];
    // One message at a time: a pile of them would lie over what is to be selected next.
    this.close = () => {};
  }

  /** Asks which labels there are. */
  async load() {
    const answer = await request("v1/labels");
    this.task = answer.task;
    // Texts have no list: those that were used last.
    this.labels = answer.labels.length > 0 ? answer.labels : answer.matches.map((match) => match.label);
    if (!this.operations) {
      this.operations = new Operations(currentSession()?.store?.name ?? "", ...this.heard);
      await this.operations.resume();
    }
  }

  get context() {
    return { task: this.task, annotator: currentSession()?.key_required ? null : recall("label.annotator") };
  }

  /**
   * Gives pictures a label. Those that have one are left alone where `isCareful` says so; where a picture may have several, the
   * label comes to the others. `undone` is called when the toast's button has taken it back. Resolves to how many it was given to.
   */
  async give(ids, label, isCareful, undone) {
    const group = identifier();
    const more = this.task === "multiple" ? { adds: true } : isCareful ? { revision: 0 } : {};
    const { done } = this.operations.addAll(ids.map((item) => ({ id: identifier(), item, labels: [label], group, ...more })), this.context);
    const results = await Promise.all(done);
    const given = results.filter((result) => result.status === "stored" || result.status === "repeated").length;
    if (!this.labels.includes(label)) this.labels.push(label);
    const left = ids.length - given;
    const words = [t("labelled", { count: given }), left > 0 && t("labelled.left", { count: left })].filter(Boolean).join(" ");
    this.close();
    this.close = toast(words, given > 0 ? () => this.undo().then(undone) : null);
    return given;
  }

  /** Takes back what was decided last, and says so. */
  async undo() {
    const { done } = this.operations.add({ id: identifier(), undo: true }, this.context);
    const result = await done;
    const count = result?.status === "undone" ? result.images.length : 0;
    this.close();
    this.close = toast(count > 0 ? t("undone", { count }) : t("nothing-to-undo"));
    return count;
  }

  /** What stands where it is said whether all is saved. */
  static words(count, problem) {
    return count > 0 && problem ? `${t("waiting", { count })} ${problem.sentence ?? ""}` : "";
  }
}
