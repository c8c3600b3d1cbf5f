// Labels for what is selected on the map: one key labels all of it, and one undo takes it back.
import { element, fill, find, isTyping } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { labelKeys } from "../shared/label-keys.js";
import { Labelling } from "../shared/labelling.js";
import { showProblem } from "../shared/notice.js";
import { canWrite, loadSession, onSession } from "../shared/session.js";

// What the map's own keys do.
const keys = labelKeys.filter((key) => !"0l".includes(key));
const mostButtons = 200;

/** `changed(task)` is called when labels have changed. */
export function startLabelling(changed) {
  const labelling = new Labelling((count, problem) => (find("label-saved").textContent = Labelling.words(count, problem)), showProblem);
  let ids = [];
  let loading = null;
  const load = () => (loading ??= labelling.load().then(render, (problem) => {
    loading = null;
    showProblem(problem);
  }));
  const show = () => {
    find("label-panel").hidden = ids.length === 0 || !canWrite();
    if (!find("label-panel").hidden) load();
  };

  function render() {
    fill(find("label-list"), ...labelling.labels.slice(0, 1000).map((label) => element("option", { value: label })));
    fill(find("label-buttons"), ...labelling.labels.slice(0, mostButtons).map((label, place) => element(
      "button", { type: "button", on: { click: () => give(label) } }, keys[place] && element("kbd", {}, keys[place]), element("span", {}, label))));
  }

  async function give(label) {
    if (ids.length === 0) return;
    const chosen = ids;
    await loading;
    await labelling.give(chosen, label, !find("label-also").checked, () => changed(labelling.task));
    render();
    changed(labelling.task);
  }

  document.addEventListener("diptych:chosen", ({ detail }) => {
    ids = detail;
    show();
  });
  onSession(show);
  // Without an answer nothing can be labelled; the map itself says what is wrong.
  loadSession().catch(() => {});
  onLanguage(render);
  find("label-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const label = find("label-entry").value.trim();
    find("label-entry").value = "";
    if (label) give(label);
  });
  // Before the map's own keys.
  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const isUndo = event.key === "z" && canWrite();
    const label = isUndo || find("label-panel").hidden ? undefined : labelling.labels[keys.indexOf(event.key)];
    if (!isUndo && label === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isUndo) load().then(() => labelling.undo()).then(() => changed(labelling.task));
    else give(label);
  }, { capture: true });
}
