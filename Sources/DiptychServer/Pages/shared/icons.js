// Icons as lines on a grid of 24 by 24, drawn with the colour of the text around them.
const shapes = {
  add: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l5 5L19 7",
  close: "M6 6l12 12M18 6L6 18",
  crop: "M7 2v15h15M2 7h15v15",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  delete: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  filter: "M4 6h16M7 12h10M10 18h4",
  forward: "M9 5l7 7-7 7",
  light: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19",
  map: "M9 4L3 6v14l6-2 6 2 6-2V4l-6 2zM9 4v14M15 6v14",
  original: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  play: "M7 4l13 8-13 8z",
  picture: "M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6M15.5 9.5h.01",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 1 0 0-13zM15.5 15.5L21 21",
  similar: "M4 4h10v10H4zM10 17v3h10V10h-3",
  status: "M3 12h4l3-8 4 16 3-8h4",
  tiles: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
};

/** An icon by its name; the element beside or around it carries the words. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(namespace, "svg");
  const path = document.createElementNS(namespace, "path");
  for (const [key, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" })) {
    drawing.setAttribute(key, value);
  }
  path.setAttribute("d", shapes[name]);
  drawing.append(path);
  return drawing;
}

/** Puts icons where the page's HTML asks for them. */
export function placeIcons(root = document) {
  for (const place of root.querySelectorAll("[data-icon]")) place.prepend(icon(place.dataset.icon));
}
