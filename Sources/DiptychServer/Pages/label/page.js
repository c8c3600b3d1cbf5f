// The labelling page: one image, its suggestions, and the labels, by keys or by touch.
import { debounce, element, fill, find, isTyping } from "../shared/dom.js";
import { number, percent } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { labelKeys, meanings } from "../shared/label-keys.js";
import { recall, remember } from "../shared/memory.js";
import { clearProblem, showProblem } from "../shared/notice.js";
import { identifier, Operations } from "../shared/operations.js";
import { request } from "../shared/requests.js";
import { loadSession } from "../shared/session.js";
import { startShell } from "../shared/shell.js";
import { toast } from "../shared/toast.js";
import { Grid } from "./grid.js";
import { Images } from "./images.js";

const tab = identifier();
const images = new Images(tab);
const grid = new Grid();
let operations = null;
let task = null;
let labels = [];
let matches = [];
let marked = -1;
// What is chosen for the image that shows, where it may have several.
let toggled = null;
let since = performance.now();
let busy = false;
let pressed = [];
let hasKeys = false;

const orders = ["uncertain", "listed", "random", "confident", "disputed"];
const scopes = ["unlabelled", "skipped", "labelled", "all"];
const kinds = ["single", "multiple", "text"];
const annotator = () => (hasKeys ? null : find("annotator").value.trim() || null);
const context = () => ({ task, annotator: annotator() });

startShell({ signedIn: start });

// MARK: Which other windows are open

const channel = "BroadcastChannel" in window ? new BroadcastChannel("diptych-label") : null;
const others = new Set();
channel?.addEventListener("message", ({ data }) => {
  if (data.ask) channel.postMessage({ tab });
  else if (data.tab && data.tab !== tab) others.add(data.tab);
});

async function otherTabs() {
  if (!channel) return [];
  others.clear();
  channel.postMessage({ ask: true });
  await new Promise((resolve) => setTimeout(resolve, 60));
  return [...others];
}

// MARK: Beginning

async function start() {
  try {
    const session = await loadSession();
    hasKeys = session.key_required;
    find("annotator-field").hidden = hasKeys;
    operations ??= new Operations(session.store?.name ?? "", showWaiting, showProblem);
    await loadTask(recall("label.task"));
    await operations.resume();
    await images.begin(query(), await otherTabs());
    clearProblem();
    show();
    showProgress();
  } catch (problem) {
    showProblem(problem, start);
  }
}

async function loadTask(kind) {
  const wanted = kinds.includes(kind) ? `?task=${kind}` : "";
  const answer = await request(`v1/labels${wanted}`);
  task = answer.task;
  labels = answer.labels;
  showMatches(answer.matches);
  showSettings();
  renderLabels();
}

function query() {
  const query = { task, order: find("order").value || "uncertain", scope: find("scope").value || "unlabelled" };
  if (find("near").value.trim()) query.text = find("near").value.trim();
  if (find("filter").value.trim()) query.filter = find("filter").value.trim();
  if (annotator()) query.annotator = annotator();
  return query;
}

function showSettings() {
  const options = (id, names, value) => fill(find(id), ...names.map((name) =>
    element("option", { value: name, selected: name === value }, t(`${id}.${name}`))));
  options("task", kinds, task);
  options("order", orders, recall("label.order") ?? "uncertain");
  options("scope", scopes, find("scope").value || "unlabelled");
  if (!find("annotator").value) find("annotator").value = recall("label.annotator") ?? "";
}

// MARK: Showing

const settled = (image) => image.state.decided || image.state.skipped;
const suggested = (image) => image?.suggestions[0] ?? null;

/** What space accepts: the most probable label, or all that are more probable than not. */
function accepted(image) {
  const all = image?.suggestions ?? [];
  return task === "multiple" ? all.filter((one) => one.probability >= 0.5).map((one) => one.label) : all.slice(0, 1).map((one) => one.label);
}

function show() {
  const image = images.current;
  toggled = null;
  since = performance.now();
  if (image) fill(find("stage"), images.picture(image));
  else fill(find("stage"), element("p", { id: "nothing" }, t("nothing")));
  find("name").textContent = image?.name ?? "";
  find("answers").textContent = image?.answers.map((one) => `${one.annotator}: ${one.labels.join(", ")}`).join(" · ") ?? "";
  renderState();
}

function renderState() {
  const image = images.current;
  const given = toggled ?? image?.state.labels ?? [];
  find("given").textContent = image?.state.skipped ? t("skipped") : given.join(", ");
  fill(find("suggestions"), ...(image?.suggestions ?? []).map((one, rank) => element("button", {
    type: "button", class: rank === 0 ? "primary" : null, on: { click: () => choose(one.label) },
  }, element("span", {}, one.label), element("span", {}, percent(one.probability)), rank === 0 && element("kbd", {}, t("space")))));
  for (const button of find("labels").children) button.setAttribute("aria-pressed", String(given.includes(button.dataset.label)));
  find("confirm").hidden = task !== "multiple";
  find("similar").disabled = find("skip-image").disabled = !image;
}

// More labels than one can look over are found by their beginning.
const mostButtons = 200;

function renderLabels() {
  find("labels").hidden = task === "text";
  fill(find("labels"), ...labels.slice(0, mostButtons).map((label, place) => element(
    "button", { type: "button", "data-label": label, "aria-pressed": "false", on: { click: () => choose(label) } },
    labelKeys[place] && element("kbd", {}, labelKeys[place]), element("span", {}, label))));
  renderState();
}

function showWaiting(count, problem) {
  const place = find("saved");
  place.toggleAttribute("data-waiting", count > 0 && problem !== null);
  if (count === 0) place.textContent = t("saved");
  else if (problem) place.textContent = `${t("waiting", { count })} ${problem.sentence ?? ""}`;
}

const showProgress = debounce(250, async () => {
  try {
    const name = annotator();
    const now = await request(`v1/labels/progress?task=${task}${name ? `&annotator=${encodeURIComponent(name)}` : ""}`);
    const facts = [t("progress", { decided: now.decided, images: now.images })];
    if (!now.loaded) facts.push(t("loading"));
    if (now.accepted !== null) facts.push(t("accepted", { share: percent(now.accepted) }));
    if (now.learnt_from > 0) facts.push(t("learnt", { count: now.learnt_from }));
    find("progress").textContent = facts.join(" · ");
    if (!now.loaded) showProgress();
  } catch {
    // The next decision tries again; what waits says why.
  }
});

// MARK: Deciding

function operation(image, chosen, more = {}) {
  const suggestion = suggested(image);
  const made = { id: identifier(), item: image.id, labels: chosen, revision: image.state.revision, ...more };
  if (image.blind) made.blind = true;
  if (suggestion && !image.blind) made.suggestion = suggestion;
  if (find("order").value === "disputed") made.settles = true;
  return made;
}

/** A key or a click on a label. */
function choose(label) {
  if (grid.isOpen) return decideGrid([label]);
  if (!images.current) return null;
  if (task !== "multiple") return decide([label]);
  const given = new Set(toggled ?? (images.current.state.decided ? images.current.state.labels : []));
  if (!given.delete(label)) given.add(label);
  toggled = [...given];
  return renderState();
}

async function decide(chosen, more = {}) {
  const image = images.current;
  if (!image) return;
  const ms = Math.round(performance.now() - since);
  const made = operation(image, chosen, { ms, ...more });
  const { safe, done } = operations.add(made, context());
  heard(image, done);
  // The next one shows once this one is on a disk.
  await safe.catch(() => {});
  image.state = { ...image.state, labels: chosen, decided: !more.skip, skipped: Boolean(more.skip) };
  learn(chosen);
  images.move(1);
  if (!images.current && !images.isOver) await images.fill().catch(() => {});
  show();
  showProgress();
}

/** What the server says of a decision, when it says it. */
async function heard(image, done) {
  const result = await done;
  if (result?.revision) image.state.revision = result.revision;
  if (result?.status === "missing") toast(t("missing", { name: image.name }));
  if (result?.status !== "conflict") return;
  image.state = result.state;
  toast(t("conflict", { name: image.name, labels: result.state.labels.join(", ") || "–" }));
}

async function decideGrid(chosen) {
  const picked = grid.selection;
  if (picked.length === 0) return toast(t("choose-first"));
  const group = identifier();
  const ms = Math.round((performance.now() - since) / picked.length);
  const made = picked.map((image) => operation(image, chosen, task === "multiple" ? { group, ms, adds: true } : { group, ms }));
  const { safe, done } = operations.addAll(made, context());
  picked.forEach((image, place) => heard(image, done[place]));
  await safe.catch(() => {});
  learn(chosen);
  const gone = new Set(picked.map((image) => image.id));
  for (const image of images.list) if (gone.has(image.id)) image.state = { ...image.state, labels: chosen, decided: true };
  grid.drop(picked);
  while (images.current && settled(images.current) && images.move(1));
  show();
  showProgress();
  return toast(t("labelled", { count: picked.length }), undo);
}

/** A label that is new is one of the list from now on. */
function learn(chosen) {
  const fresh = task === "text" ? [] : chosen.filter((label) => !labels.includes(label));
  if (fresh.length === 0) return;
  labels = [...labels, ...fresh];
  renderLabels();
}

async function undo() {
  const { done } = operations.add({ id: identifier(), undo: true }, context());
  const timer = setTimeout(() => toast(t("undo-waits")), 3000);
  const result = await done;
  clearTimeout(timer);
  if (result?.status !== "undone") return toast(t("nothing-to-undo"));
  const first = result.images.find((image) => image.id !== null);
  if (!first) return null;
  try {
    images.put(await request(`v1/labels/images/${encodeURIComponent(first.id)}?task=${task}`));
  } catch (problem) {
    return showProblem(problem);
  }
  images.isOver = false;
  show();
  showProgress();
  return result.images.length > 1 ? toast(t("undone", { count: result.images.length })) : null;
}

function confirm() {
  if (task === "multiple" && images.current) return decide(toggled ?? images.current.state.labels);
  return null;
}

function acceptSuggestion() {
  if (toggled) return confirm();
  const chosen = accepted(images.current);
  return chosen.length > 0 ? decide(chosen) : null;
}

function step(steps) {
  if (images.move(steps)) show();
}

// MARK: Finding labels

const findMatches = debounce(80, async () => {
  const prefix = find("entry").value.trim();
  try {
    const answer = await request(`v1/labels?task=${task}&limit=9&prefix=${encodeURIComponent(prefix)}`);
    if (find("entry").value.trim() === prefix) showMatches(answer.matches);
  } catch {
    // Without the server a label is typed in full.
  }
});

function showMatches(found) {
  matches = found;
  marked = find("entry").value.trim() && matches.length > 0 ? 0 : -1;
  renderMatches();
}

function renderMatches() {
  find("entry").setAttribute("aria-expanded", String(matches.length > 0));
  fill(find("matches"), ...matches.map((match, place) => element("li", {
    role: "option", "aria-selected": String(place === marked), on: { click: () => enter(match.label) },
  }, element("span", {}, match.label), match.count > 0 && element("span", { class: "muted" }, number(match.count)))));
}

function enter(label) {
  const text = label.trim();
  if (!text) return find("entry").blur();
  find("entry").value = "";
  // Typing goes on where texts are typed.
  if (task !== "text") find("entry").blur();
  findMatches();
  return choose(text);
}

find("entry").addEventListener("input", findMatches);
find("entry").addEventListener("focus", findMatches);
find("entry").addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    marked = Math.max(-1, Math.min(matches.length - 1, marked + (event.key === "ArrowDown" ? 1 : -1)));
    renderMatches();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const typed = find("entry").value.trim();
    // A phrase counts as it was typed, but where another was chosen below it.
    const isOwn = marked < 0 || (task === "text" && marked === 0) || matches.some((match) => match.label === typed);
    run(() => enter(isOwn ? typed : matches[marked].label));
  } else if (event.key === "Escape") {
    find("entry").value = "";
    find("entry").blur();
  }
});

// MARK: Keys

/** One thing after the other: keys that come meanwhile wait. */
async function run(action) {
  if (busy) return void pressed.push(action);
  busy = true;
  try {
    await action();
  } finally {
    busy = false;
  }
  const next = pressed.shift();
  if (next) run(next);
}

addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.isComposing || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey) {
    if (event.key !== "a" || !grid.isOpen) return;
    event.preventDefault();
    return void grid.chooseAll();
  }
  const isButton = event.target instanceof Element && event.target.matches("button, a, summary");
  if (isButton && event.key === "Enter") return;
  // In the grid, space chooses the image that has the focus.
  if (isButton && event.key === " " && grid.isOpen) return;
  const action = actions()[event.key] ?? labelAction(event.key);
  if (!action || (event.repeat && !event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  const start = event.timeStamp;
  run(async () => {
    await action();
    requestAnimationFrame(() => document.dispatchEvent(new CustomEvent("diptych:shown", { detail: performance.now() - start })));
  });
});

const actions = () => ({
  " ": acceptSuggestion, Enter: confirm, ArrowLeft: () => step(-1), ArrowRight: () => step(1), z: undo, s: skip,
  "/": () => find("entry").focus(), "?": help, g: openGrid, Escape: () => grid.isOpen && closeGrid(),
});

function labelAction(key) {
  const place = labelKeys.indexOf(key);
  const label = task === "text" ? matches[place]?.label : labels[place];
  return place >= 0 && label !== undefined ? () => choose(label) : null;
}

const skip = () => decide([], { skip: true });

async function openGrid() {
  if (!images.current) return;
  try {
    await grid.open(images.current, query(), tab);
  } catch (problem) {
    showProblem(problem);
  }
}

function closeGrid() {
  grid.close();
  find("stage").scrollIntoView({ block: "nearest" });
}

function help() {
  fill(find("help-list"), ...meanings.flatMap(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, t(text))]));
  find("help").showModal();
}

const clicks = { back: () => step(-1), forward: () => step(1), undo, "skip-image": skip, similar: openGrid, confirm, "show-keys": help };
for (const [id, action] of Object.entries(clicks)) find(id).addEventListener("click", () => run(action));
find("show-settings").addEventListener("click", () => (find("settings").hidden = !find("settings").hidden));
find("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  remember("label.order", find("order").value);
  remember("label.task", find("task").value);
  remember("label.annotator", find("annotator").value.trim() || null);
  run(async () => {
    try {
      await loadTask(find("task").value);
      await images.begin(query());
      clearProblem();
      show();
      showProgress();
    } catch (problem) {
      showProblem(problem);
    }
  });
});
onLanguage(() => {
  if (!task) return;
  showSettings();
  renderLabels();
  showProgress();
});
start();
