// The map page: the store's pictures as points, those that are alike together; one moves over it, zooms in until pictures are seen, and
// draws a line around some.
import { debounce, element, fill, find, isTyping } from "../shared/dom.js";
import { follow } from "../shared/events.js";
import { number, percent } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { clearProblem, showProblem } from "../shared/notice.js";
import { pause } from "../shared/requests.js";
import { startShell } from "../shared/shell.js";
import { Camera } from "./camera.js";
import { mapPoints, mapState } from "./data.js";
import { startLabelling } from "./label.js";
import { within } from "./lasso.js";
import { middles } from "./middles.js";
import { Nearest } from "./nearest.js";
import { Painter, palette } from "./painter.js";
import { known, nameOf, thumbnailOf, Thumbnails } from "./thumbnails.js";

const mostThumbnails = 48;
const mostListed = 60;
const room = find("map");
const canvas = find("points");
const line = find("line");
const camera = new Camera();
const painter = new Painter(canvas);
const thumbnails = new Thumbnails(find("thumbnails"));
const dark = matchMedia("(prefers-color-scheme: dark)");
let points = { count: 0, x: [], y: [], colours: [], ids: [], names: [], counts: [] };
let nearest = null;
// What the colours stand for, each where most of its points are.
let names = [];
// The rows that are selected, and a 1 for each of them among all.
let rows = [];
let marks = null;
let isFitted = false;
let attributes = [];
let by = new URLSearchParams(location.search).get("by") ?? "";
let said = null;

startShell({ signedIn: load });
startLabelling((task) => {
  if (!by) colourBy(`annotation.${{ single: "label", multiple: "labels", text: "text" }[task]}`);
  else if (by.startsWith("annotation.")) recolour();
});

// MARK: The points

async function load() {
  try {
    for (;;) {
      said = await mapState();
      attributes = said.attributes ?? attributes;
      showState();
      if (said.state === "failed") return showProblem(new Error(said.reason), load);
      if (said.state === "ready") break;
      await whileMaking();
    }
    await take();
    clearProblem();
    if (said.updating) {
      await whileMaking();
      return load();
    }
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error, load);
  }
}

/** Waits until the map is made; follows what the server says of it, and asks again where it says nothing. */
async function whileMaking() {
  const controller = new AbortController();
  try {
    await Promise.race([
      follow("v1/map/events", (event) => {
        const news = JSON.parse(event.data);
        if (news.state === "making") {
          said = { ...said, ...news };
          showState();
        } else {
          controller.abort();
        }
      }, controller.signal),
      pause(5, controller.signal),
    ]);
  } catch (error) {
    if (error.name !== "AbortError") await pause(1);
  } finally {
    controller.abort();
  }
}

async function take() {
  const had = new Set(rows.map((row) => points.ids[row]));
  points = await mapPoints(by);
  names = middles(points);
  nearest = points.count > 0 ? new Nearest(points) : null;
  // Rows of the map before have other numbers now.
  thumbnails.clear();
  choose(had.size ? points.ids.flatMap((id, row) => (had.has(id) ? [row] : [])) : []);
  if (!isFitted && points.count > 0) {
    camera.fit(points);
    isFitted = true;
  }
  showState();
  showLegend();
  draw();
}

function showState() {
  const making = find("making");
  making.hidden = said?.state !== "making" || points.count > 0;
  making.textContent = said?.state === "making" ? t("map.making", { share: percent(said.progress ?? 0) }) : "";
  find("count").textContent = points.count > 0 ? t("map.count", { count: points.count }) : said?.state === "ready" ? t("map.empty") : "";
  const choice = find("by");
  const names = [...new Set([...attributes, ...(by ? [by] : [])])].sort();
  fill(choice, element("option", { value: "" }, t("map.none")), ...names.map((name) => element("option", { value: name, selected: name === by }, name)));
}

function showLegend() {
  fill(find("legend"), ...points.names.map((name, place) => {
    const dot = element("span", { class: "map-dot", "aria-hidden": "true" });
    dot.style.background = `rgb(${palette[place].join(" ")})`;
    return element("li", {}, element("button", { type: "button", on: { click: () => chooseColour(place + 1) } }, dot,
      element("span", { class: "map-name" }, name), element("span", { class: "muted" }, number(points.counts[place]))));
  }));
}

// MARK: Drawing

let frame = 0;
/** Draws before the next frame, once. Tests measure by `room.dataset.milliseconds`. */
function draw() {
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    const began = performance.now();
    const theme = document.documentElement.dataset.theme;
    const isDark = theme ? theme === "dark" : dark.matches;
    const seen = painter.draw(points, camera, marks, isDark, mostThumbnails);
    thumbnails.show(seen, points, camera);
    drawLine();
    drawNames();
    room.dataset.milliseconds = (performance.now() - began).toFixed(2);
    room.dataset.frames = String(Number(room.dataset.frames ?? 0) + 1);
  });
}

new ResizeObserver(() => {
  const ratio = Math.min(2, devicePixelRatio);
  const [width, height] = [room.clientWidth, room.clientHeight];
  if (width === 0 || height === 0) return;
  camera.resize(width, height);
  painter.resize(Math.round(width * ratio), Math.round(height * ratio));
  line.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (!isFitted && points.count > 0) camera.fit(points);
  draw();
}).observe(room);
dark.addEventListener("change", draw);
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });

// MARK: Selecting

function choose(chosen) {
  rows = chosen;
  marks = rows.length > 0 ? new Uint8Array(points.count) : null;
  for (const row of rows) marks[row] = 1;
  showChosen();
  draw();
}

function chooseColour(colour) {
  const found = [];
  for (let row = 0; row < points.count; row += 1) if (points.colours[row] === colour) found.push(row);
  choose(found);
}

function showChosen() {
  find("chosen").hidden = rows.length === 0;
  find("chosen-count").textContent = t("map.chosen", { count: rows.length });
  fill(find("chosen-items"), ...rows.slice(0, mostListed).map((row) => {
    const id = points.ids[row];
    const link = element("a", { href: `./?item=${encodeURIComponent(id)}` }, thumbnailOf(id, 128));
    return element("li", {}, link);
  }));
  document.dispatchEvent(new CustomEvent("diptych:chosen", { detail: rows.map((row) => points.ids[row]) }));
}

// The line that is being drawn, as corners on the map.
let corners = [];

function drawLine() {
  const text = corners.map(([x, y]) => camera.toScreen(x, y).map((value) => value.toFixed(1)).join(",")).join(" ");
  line.querySelector("polygon").setAttribute("points", text);
}

function drawNames() {
  const place = find("names");
  while (place.children.length > names.length) place.lastChild.remove();
  names.forEach(({ name, x, y }, row) => {
    const shown = place.children[row] ?? place.appendChild(element("span"));
    if (shown.textContent !== name) shown.textContent = name;
    const [left, top] = camera.toScreen(x, y);
    shown.style.translate = `calc(${Math.round(left)}px - 50%) calc(${Math.round(top)}px - 50%)`;
  });
}

const isLasso = () => find("lasso").getAttribute("aria-pressed") === "true";

function setLasso(isOn) {
  find("lasso").setAttribute("aria-pressed", String(isOn));
  room.classList.toggle("is-lasso", isOn);
}

// MARK: Pointer and keys

// The pointers that are down, by their numbers, with where they are.
const down = new Map();
let begun = null;

function position(event) {
  const box = room.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

room.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  const place = position(event);
  down.set(event.pointerId, place);
  room.setPointerCapture(event.pointerId);
  begun = down.size === 1 ? { place, isLine: isLasso() || event.shiftKey, isMoved: false } : null;
  corners = begun?.isLine ? [camera.toMap(...place)] : [];
});

room.addEventListener("pointermove", (event) => {
  const place = position(event);
  const before = down.get(event.pointerId);
  if (!before) return point(place);
  down.set(event.pointerId, place);
  if (down.size === 2) {
    const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    camera.zoom(apart(place, other) / Math.max(1, apart(before, other)), (place[0] + other[0]) / 2, (place[1] + other[1]) / 2);
    return draw();
  }
  if (!begun) return undefined;
  begun.isMoved ||= Math.hypot(place[0] - begun.place[0], place[1] - begun.place[1]) > 4;
  if (begun.isLine) corners.push(camera.toMap(...place));
  else if (begun.isMoved) camera.pan(place[0] - before[0], place[1] - before[1]);
  return draw();
});

function up(event) {
  if (!down.delete(event.pointerId) || !begun) return;
  const { isLine, isMoved, place } = begun;
  begun = null;
  if (event.type === "pointercancel") corners = [];
  if (isLine && corners.length > 2) choose(within(points, corners));
  else if (!isMoved && event.type === "pointerup") {
    const row = rowAt(place);
    if (row !== null) location.assign(`./?item=${encodeURIComponent(points.ids[row])}`);
  }
  corners = [];
  draw();
}
room.addEventListener("pointerup", up);
room.addEventListener("pointercancel", up);

room.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  camera.zoom(Math.exp(-event.deltaY * lines * 0.0015), ...position(event));
  draw();
}, { passive: false });

function rowAt([px, py]) {
  return nearest?.find(...camera.toMap(px, py), 14 / camera.scale) ?? null;
}

const near = find("near");
let nearRow = null;
/** Shows the picture under the pointer. */
const look = debounce(60, async (row, place) => {
  const id = points.ids[row];
  const one = await known(id).catch(() => null);
  if (nearRow !== row || !one) return;
  fill(near, thumbnailOf(id, 256), element("span", {}, nameOf(one)));
  near.style.translate = `${Math.min(place[0] + 14, room.clientWidth - 200)}px ${Math.min(place[1] + 14, room.clientHeight - 200)}px`;
  near.hidden = false;
});

function point(place) {
  const row = isLasso() ? null : rowAt(place);
  room.classList.toggle("is-near", row !== null);
  if (row === nearRow) return;
  nearRow = row;
  near.hidden = true;
  look.cancel();
  if (row !== null) look(row, place);
}
room.addEventListener("pointerleave", () => point([-1e6, -1e6]));

const step = 60;
const keys = {
  ArrowLeft: () => camera.pan(step, 0), ArrowRight: () => camera.pan(-step, 0), ArrowUp: () => camera.pan(0, step), ArrowDown: () => camera.pan(0, -step),
  "+": () => camera.zoom(1.3), "=": () => camera.zoom(1.3), "-": () => camera.zoom(1 / 1.3), 0: () => camera.fit(points),
  l: () => setLasso(!isLasso()), Escape: () => (corners.length ? (corners = []) : choose([])),
};
document.addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = keys[event.key];
  // Arrows scroll the page but where the map is.
  if (!action || (event.key.startsWith("Arrow") && document.activeElement !== room)) return;
  event.preventDefault();
  action();
  draw();
});

find("lasso").addEventListener("click", () => setLasso(!isLasso()));
find("whole").addEventListener("click", () => {
  camera.fit(points);
  draw();
});
find("zoom-chosen").addEventListener("click", () => {
  camera.fit(points, rows);
  draw();
});
find("clear").addEventListener("click", () => choose([]));
find("save-ids").addEventListener("click", () => {
  const file = new Blob([rows.map((row) => `${points.ids[row]}\n`).join("")], { type: "text/plain" });
  const link = element("a", { href: URL.createObjectURL(file), download: "ids.txt" });
  link.click();
  URL.revokeObjectURL(link.href);
});
/** Asks for the colours anew, a moment after the last reason for it. */
const recolour = debounce(150, () => take().catch((error) => showProblem(error, load)));

function colourBy(name) {
  by = name;
  const address = new URL(location.href);
  if (by) address.searchParams.set("by", by);
  else address.searchParams.delete("by");
  history.replaceState(null, "", address);
  take().catch((error) => showProblem(error, load));
}
find("by").addEventListener("change", (event) => colourBy(event.target.value));
onLanguage(() => {
  showState();
  showLegend();
  showChosen();
});
load();
