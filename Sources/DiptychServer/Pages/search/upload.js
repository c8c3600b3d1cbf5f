// Adding pictures to the store: a list of files with a caption each, sent a few at a time.
import { debounce, fill, find } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { toast } from "../shared/toast.js";
import { UploadRow } from "./upload-row.js";

const atOnce = 3;
let rows = [];
let controller = null;

/** Gives the dialog its ways to be used; `changed` is called when it closes after something was added. */
export function startUpload(changed) {
  const dialog = find("upload");
  find("add-button").addEventListener("click", () => openUpload());
  find("upload-close").addEventListener("click", () => dialog.close());
  find("upload-start").addEventListener("click", send);
  find("upload-file").addEventListener("change", (event) => {
    addFiles([...event.target.files]);
    event.target.value = "";
  });
  const area = find("upload-area");
  area.addEventListener("dragover", () => area.classList.add("is-over"));
  for (const event of ["dragleave", "drop"]) area.addEventListener(event, () => area.classList.remove("is-over"));
  dialog.addEventListener("close", () => {
    const added = inState("done");
    controller?.abort();
    controller = null;
    for (const row of rows) row.discard();
    rows = [];
    fill(find("upload-list"));
    if (added === 0) return;
    toast(t("upload.added", { count: added }));
    changed();
  });
  onLanguage(() => {
    for (const row of rows) row.render();
    show();
  });
}

/** Opens the dialog, with files to begin with. */
export function openUpload(files = []) {
  if (!find("upload").open) find("upload").showModal();
  addFiles(files);
}

function addFiles(files) {
  for (const file of files) {
    const row = new UploadRow(file, { changed: show, removed: forget, retry: send });
    rows.push(row);
    find("upload-list").append(row.element);
  }
  show();
  if (files.length > 0) find("upload-start").focus();
}

function forget(row) {
  rows = rows.filter((other) => other !== row);
  row.discard();
  show();
}

const inState = (...states) => rows.filter((row) => states.includes(row.state)).length;
// Progress is shown at once, and spoken when it rests.
const speak = debounce(500, (words) => (find("upload-spoken").textContent = words));

function show() {
  const waiting = inState("waiting");
  const isSending = controller !== null;
  const start = find("upload-start");
  start.textContent = t("upload.start", { count: waiting });
  start.disabled = waiting === 0 || isSending;
  find("upload-close").textContent = isSending ? t("cancel") : t("close");
  if (rows.length > 0) speak(t("upload.spoken", { done: inState("done"), all: rows.length, failed: inState("failed") }));
}

async function send() {
  if (controller) return;
  controller = new AbortController();
  const { signal } = controller;
  show();
  const work = async () => {
    for (let row = nextRow(); row && !signal.aborted; row = nextRow()) await row.send(signal);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  // The dialog may have been closed and opened again meanwhile.
  if (controller?.signal === signal) controller = null;
  show();
}

const nextRow = () => rows.find((row) => row.state === "waiting");
