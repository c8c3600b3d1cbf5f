// Pictures that are dropped on the page or pasted into it. Dropping has two places: to search, and to add.
import { find, isTyping } from "../shared/dom.js";
import { canWrite } from "../shared/session.js";
import { firstPicture } from "./pictures.js";
import { frameType } from "./video.js";

/** `search(file)` takes a picture to search by, `frame(address)` a frame of a video that is dragged into the search bar, `add(files)` what is to be stored, `refuse()` what is no picture. */
export function startDrop({ search, frame, add, refuse }) {
  const overlay = find("drop");
  const hide = () => (overlay.hidden = true);
  const searchBy = (files) => {
    const file = firstPicture(files);
    if (file) search(file);
    else refuse();
  };

  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event) || isDialogOpen()) return;
    event.preventDefault();
    find("drop-add").hidden = !canWrite();
    overlay.hidden = false;
  });
  document.addEventListener("dragover", (event) => {
    // Without this the browser would leave the page for the file.
    if (carriesFiles(event)) event.preventDefault();
    const over = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
    for (const place of overlay.querySelectorAll("[data-drop]")) place.classList.toggle("is-over", place === over);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && hide());
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hide();
    const files = [...event.dataTransfer.files];
    if (isDialogOpen()) {
      if (find("upload").open) add(files);
    } else if (event.target instanceof Element && event.target.closest("[data-drop=add]")) {
      add(files);
    } else {
      searchBy(files);
    }
  });
  const bar = find("search");
  bar.addEventListener("dragover", (event) => carriesFrame(event) && event.preventDefault());
  bar.addEventListener("drop", (event) => {
    if (!carriesFrame(event)) return;
    event.preventDefault();
    frame(event.dataTransfer.getData(frameType));
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    // Text that is pasted into a field stays what it is.
    if (files.length === 0 || isDialogOpen() || (isTyping(event.target) && event.clipboardData.types.includes("text/plain"))) return;
    event.preventDefault();
    searchBy(files);
  });
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
const carriesFrame = (event) => event.dataTransfer?.types.includes(frameType) ?? false;
const isDialogOpen = () => document.querySelector("dialog[open]") !== null;
