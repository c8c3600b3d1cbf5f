// Runs before the first paint, so that a page in the chosen theme never flashes in the other one, and that its bars are
// not seen before they have their icons and are in the reader's language.
document.documentElement.dataset.starting = "";
try {
  const theme = localStorage.getItem("diptych.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme holds.
}
