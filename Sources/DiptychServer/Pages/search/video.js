// What the search page knows of videos: times in words, previews, frames that are dragged.
/** The kind of what is dragged when it is a frame of a video. */
export const frameType = "application/x-diptych-frame";

export const isVideo = (item) => item.attributes?.kind === "video" && Boolean(item.original);

/** Seconds as 1:02:03 or 0:07. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 0.05));
  const pair = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pair(minutes)}:${pair(whole % 60)}` : `${minutes}:${pair(whole % 60)}`;
}

/** Plays a video without sound while the pointer is over its tile, from its moment on. */
export function addPreview(link, item) {
  let video = null;
  let timer = 0;
  const frame = link.querySelector(".frame");
  const stop = () => {
    clearTimeout(timer);
    video?.removeAttribute("src");
    video?.load();
    video?.remove();
    video = null;
  };
  link.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "touch" || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    // Who only passes by loads nothing.
    timer = setTimeout(() => {
      const start = item.start ?? 0;
      video = document.createElement("video");
      Object.assign(video, { className: "preview", muted: true, playsInline: true, preload: "metadata" });
      video.addEventListener("loadedmetadata", () => video && (video.currentTime = start));
      video.addEventListener("timeupdate", () => {
        if (video && item.end !== undefined && video.currentTime >= item.end) video.currentTime = start;
      });
      video.src = item.original;
      frame.append(video);
      video.play().catch(() => {});
    }, 180);
  });
  link.addEventListener("pointerleave", stop);
}

/** A frame of a video, by its address, as a picture file. */
export async function frameFile(address) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) throw new Error("a frame of another server");
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(String(reply.status));
  return new File([await reply.blob()], "frame.jpg", { type: "image/jpeg" });
}
