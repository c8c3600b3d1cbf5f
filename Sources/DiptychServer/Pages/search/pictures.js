// Pictures that are searched by. Files cannot stand in a URL, so the history holds a number for each, and the pictures
// themselves last as long as the page.
const kept = new Map();
const most = 20;
let last = 0;

/** Keeps a picture and returns its number. */
export function keepPicture(file) {
  last += 1;
  kept.set(last, { file, url: URL.createObjectURL(file) });
  for (const [number, picture] of kept) {
    if (kept.size <= most) break;
    URL.revokeObjectURL(picture.url);
    kept.delete(number);
  }
  return last;
}

/** The picture of this number, as `{file, url}`, or null when the page has been loaded anew since. */
export function keptPicture(number) {
  return kept.get(number) ?? null;
}

/** The first picture among dropped, pasted or chosen files. */
export function firstPicture(files) {
  return [...files].find((file) => file.type.startsWith("image/")) ?? null;
}
