// Chooses a region of a picture, with pointer or keyboard, and makes a picture of it on a canvas.
import { find } from "../shared/dom.js";
import { percent } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { between, moved, opposite, resized, wholeMiddle } from "./region.js";

// No model sees more than this.
const longestSide = 1024;
let region = wholeMiddle;
let done = () => {};

/**
 * Opens the dialog on the picture at `url`, or at `fallback` where the browser cannot show that, and calls `use` with a
 * file of the region that was chosen.
 */
export function openCrop({ url, fallback = null }, use) {
  const image = find("crop-image");
  const error = find("crop-error");
  error.textContent = "";
  find("crop-search").disabled = true;
  image.onload = () => {
    fit(image);
    find("crop-search").disabled = false;
  };
  image.onerror = () => {
    if (fallback && image.getAttribute("src") !== fallback) image.src = fallback;
    else error.textContent = t("crop.unreadable");
  };
  image.src = url;
  done = use;
  show(wholeMiddle);
  find("crop").showModal();
  find("crop-box").focus();
}

/** Gives the dialog its ways to be used. */
export function startCrop() {
  const dialog = find("crop");
  const stage = find("crop-stage");
  find("crop-cancel").addEventListener("click", () => dialog.close());
  find("crop-box").addEventListener("keydown", press);
  stage.addEventListener("pointerdown", (event) => drag(event, stage));
  dialog.addEventListener("close", () => find("crop-image").removeAttribute("src"));
  find("crop-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = await cut(find("crop-image"));
    dialog.close();
    done(file);
  });
}

// As large as the dialog and half of the window's height allow; small pictures are enlarged.
function fit(image) {
  const ratio = image.naturalWidth / image.naturalHeight;
  const stage = find("crop-stage");
  stage.style.aspectRatio = String(ratio);
  stage.style.inlineSize = `${50 * ratio}vh`;
}

function show(next) {
  region = next;
  const box = find("crop-box");
  box.style.insetInlineStart = `${region.x * 100}%`;
  box.style.insetBlockStart = `${region.y * 100}%`;
  box.style.inlineSize = `${region.width * 100}%`;
  box.style.blockSize = `${region.height * 100}%`;
  find("crop-values").textContent = t("crop.values", {
    left: percent(region.x), top: percent(region.y), width: percent(region.width), height: percent(region.height),
  });
}

function press(event) {
  const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const direction = directions[event.key];
  if (!direction || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const step = event.altKey ? 0.005 : 0.02;
  const change = event.shiftKey ? resized : moved;
  show(change(region, direction[0] * step, direction[1] * step));
}

// A corner is dragged against the opposite one, the region by what the pointer moved; elsewhere a new region begins.
function drag(event, stage) {
  if (event.button !== 0) return;
  event.preventDefault();
  find("crop-box").focus();
  const bounds = stage.getBoundingClientRect();
  const point = (at) => ({ x: (at.clientX - bounds.left) / bounds.width, y: (at.clientY - bounds.top) / bounds.height });
  const start = point(event);
  const before = region;
  const corner = event.target.dataset.corner;
  const isInside = event.target === find("crop-box");
  const anchor = corner ? opposite(before, corner) : start;
  const follow = (at) => {
    const here = point(at);
    show(isInside ? moved(before, here.x - start.x, here.y - start.y) : between(anchor, here));
  };
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("lostpointercapture", () => stage.removeEventListener("pointermove", follow), { once: true });
}

async function cut(image) {
  const width = region.width * image.naturalWidth;
  const height = region.height * image.naturalHeight;
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  // JPEG has no transparency, and black is not what shows through on a page.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, region.x * image.naturalWidth, region.y * image.naturalHeight, width, height, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([blob], "region.jpg", { type: "image/jpeg" });
}
