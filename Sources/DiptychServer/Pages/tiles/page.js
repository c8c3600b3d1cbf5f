// The page of tiles: a sheet is dropped, words are typed or read, and tiles light up.
import { element, fill, find } from "../shared/dom.js";
import { percent } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { clearProblem, showProblem } from "../shared/notice.js";
import { request } from "../shared/requests.js";
import { loadSession } from "../shared/session.js";
import { startShell } from "../shared/shell.js";
import { toast } from "../shared/toast.js";

let sheet = null;
let answer = null;
let asking = null;

startShell({ signedIn: () => sheet && ask() });

/** The words that were typed. */
function words() {
  return find("words").value.split(/[;；]/).map((word) => word.trim()).filter((word) => word !== "");
}

function isComplete() {
  return sheet !== null && (find("read").checked || words().length > 0);
}

function refresh() {
  find("words").disabled = find("read").checked;
  find("find").disabled = !isComplete();
  find("copy").disabled = answer === null;
  find("threshold-value").textContent = percent(Number(find("threshold").value));
}

/** Takes a sheet, and asks at once where there are words. */
function take(file) {
  if (!file?.type.startsWith("image/")) return toast(t("tiles.no-picture"));
  if (sheet) URL.revokeObjectURL(sheet.url);
  sheet = { file, url: URL.createObjectURL(file) };
  answer = null;
  find("image").src = sheet.url;
  find("sheet").hidden = false;
  find("empty").hidden = true;
  show();
  if (isComplete()) ask();
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const form = new FormData();
  form.append("image", sheet.file);
  if (find("read").checked) form.append("read", "true");
  else for (const word of words()) form.append("words", word);
  if (find("assign").checked) form.append("assign", "true");
  clearProblem();
  try {
    answer = await request("v1/tiles", { method: "POST", form, signal: asking.signal });
  } catch (problem) {
    if (problem.name === "AbortError") return;
    answer = null;
    showProblem(problem, ask);
  }
  show();
}

/** For each word the tiles at or above the slider; where words were assigned, the server's choice. */
function matches() {
  if (find("assign").checked) return answer.matches;
  const threshold = Number(find("threshold").value);
  return answer.words.map((_, word) =>
    answer.tiles.filter((tile) => (tile.probabilities[word] ?? 0) >= threshold && tile.probabilities.length > 0).map((tile) => tile.index));
}

function show() {
  refresh();
  const outcome = find("outcome");
  outcome.classList.toggle("is-unsure", answer?.unsure ?? false);
  outcome.textContent = "";
  fill(find("boxes"));
  fill(find("legend"));
  if (!answer) return;
  if (answer.unsure) outcome.textContent = t("tiles.unsure", { reason: answer.reason ?? "" });
  else outcome.textContent = t("tiles.found", { rows: answer.layout.rows, columns: answer.layout.columns });
  const found = matches();
  fill(find("legend"), ...answer.words.map((word, place) =>
    element("span", {}, `${word}: ${found[place]?.length ? found[place].join(", ") : t("tiles.none")}`)));
  const image = find("image");
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  if (!width || !height) return;
  fill(find("boxes"), ...answer.tiles.map((tile) => {
    const isLit = found.some((list) => list.includes(tile.index));
    const best = tile.probabilities.length ? Math.max(...tile.probabilities) : null;
    const words = best === null ? `${tile.index}` : `${tile.index} · ${percent(best)}`;
    const made = element("div", { class: isLit ? "box is-lit" : "box", "data-index": tile.index }, element("span", {}, words));
    const [x, y, w, h] = tile.box;
    made.style.setProperty("left", `${(x / width) * 100}%`);
    made.style.setProperty("top", `${(y / height) * 100}%`);
    made.style.setProperty("width", `${(w / width) * 100}%`);
    made.style.setProperty("height", `${(h / height) * 100}%`);
    return made;
  }));
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (isComplete()) ask();
});
find("file").addEventListener("change", () => find("file").files[0] && take(find("file").files[0]));
find("words").addEventListener("input", refresh);
find("read").addEventListener("change", () => {
  refresh();
  if (isComplete()) ask();
});
find("assign").addEventListener("change", () => isComplete() && ask());
find("threshold").addEventListener("input", show);
find("image").addEventListener("load", show);
find("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(JSON.stringify({ ...answer, matches: matches() }));
  toast(t("tiles.copied"));
});

const room = find("drop");
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  room.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => event.relatedTarget === null && room.classList.remove("is-over"));
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  room.classList.remove("is-over");
  take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])][0];
  if (!file) return;
  event.preventDefault();
  take(file);
});
onLanguage(show);
loadSession().catch(() => {});
show();
