// The search page: what happens elsewhere becomes state, and the state becomes what is shown.
import { find, isTyping } from "../shared/dom.js";
import { isShownByBrowsers } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { clearProblem, showProblem } from "../shared/notice.js";
import { canWrite, currentSession, loadSession, onSession } from "../shared/session.js";
import { startShell } from "../shared/shell.js";
import { toast } from "../shared/toast.js";
import { startActions } from "./actions.js";
import { thumbnail } from "./api.js";
import { showControls, startControls } from "./controls.js";
import { openCrop, startCrop } from "./crop.js";
import { Detail } from "./detail.js";
import { startDrop } from "./drop.js";
import { hideEmpty, showNoStore, showNothing } from "./empty.js";
import { showFilter, showFilterError, startFilters } from "./filters.js";
import { Grid } from "./grid.js";
import { firstPicture, keepPicture } from "./pictures.js";
import { Search } from "./search.js";
import { clearSelection, startSelection } from "./selection.js";
import { address, change, isSearch, onChange, query, queryKey, state } from "./state.js";
import { summarise } from "./summary.js";
import { openUpload, startUpload } from "./upload.js";
import { frameFile } from "./video.js";

startShell({ signedIn: () => summarise(summary) });
startControls();
startCrop();

const noQuery = { text: "", like: null, picture: null };
const searchBy = (file) => change({ like: null, picture: keepPicture(file), item: null });
const searchLike = (item) => change({ ...noQuery, like: item.id, item: null });
const cropItem = (item) => {
  if (!item.thumbnail) return;
  const rendition = thumbnail(item, 1024);
  openCrop({ url: isShownByBrowsers(item.attributes?.type) ? item.original : rendition, fallback: rendition }, searchBy);
};

const search = new Search({
  started() {
    find("grid").setAttribute("aria-busy", "true");
    clearProblem();
    showFilterError("");
  },
  found(results, isFirst) {
    find("grid").removeAttribute("aria-busy");
    if (isFirst) {
      grid.key = queryKey(state);
      hideEmpty();
      scrollTo({ top: 0 });
      grid.show(results);
      clearSelection();
      if (results.length === 0) showNothing(currentSession());
    } else {
      grid.append(results);
    }
    detail.showPlace();
    summarise(summary);
  },
  failed(problem, isFirst) {
    find("grid").removeAttribute("aria-busy");
    if (isFirst) {
      hideEmpty();
      grid.show([]);
      summarise(() => "");
    }
    if (problem.isAboutFilter) showFilterError(problem.sentence);
    else showProblem(problem, isFirst ? run : () => search.more());
  },
});

const grid = new Grid({
  open: (item) => change({ item: item.id }),
  similar: searchLike,
  href: (item) => address({ ...state, item: item.id }),
  more: () => search.more(),
});

startSelection(grid);
startActions(grid);

const detail = new Detail(grid, {
  similar: searchLike,
  frame: (file) => change({ ...noQuery, picture: keepPicture(file), item: null }),
  crop: cropItem,
  more: () => search.more(),
  hasMore: () => search.next !== null,
  missing(problem) {
    change({ item: null }, { replace: true });
    showProblem(problem);
  },
});

function run() {
  return search.run(query());
}

function summary() {
  const count = grid.items.length;
  if (count === 0) return isSearch() || state.filter ? t("summary.none") : "";
  const all = currentSession()?.store?.count;
  if (!isSearch() && !state.filter && all >= count) return t("summary.pictures", { count: all });
  if (search.next !== null) return t("summary.more", { count });
  return isSearch() ? t("summary.results", { count }) : t("summary.pictures", { count });
}

function showState() {
  showFilter(state.filter);
  showControls(grid.items, (kept) => openCrop(kept, searchBy), cropItem);
}

onChange((now, before) => {
  showState();
  if (queryKey(now) !== queryKey(before)) run();
  if (now.item !== before.item) detail.show(now.item);
});
onLanguage(() => {
  showState();
  if (!find("empty").hidden && currentSession()) (currentSession().store ? showNothing : showNoStore)(currentSession());
});

startFilters();
startUpload(refresh);
startDrop({
  search: searchBy,
  frame: (address) => frameFile(address).then(searchBy, () => toast(t("drop.refused"))),
  add: openUpload,
  refuse: () => toast(t("drop.refused")),
});
find("choose").addEventListener("click", () => find("file").click());
find("file").addEventListener("change", (event) => {
  const file = firstPicture(event.target.files);
  if (file) searchBy(file);
  else if (event.target.files.length > 0) toast(t("drop.refused"));
  event.target.value = "";
});
find("skip").addEventListener("click", (event) => {
  event.preventDefault();
  grid.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  find("text").select();
});
// Adding is shown to those only who may add.
onSession((session) => (find("add-button").hidden = !canWrite() || !session.store));

/** What was found may be more by now. */
async function refresh() {
  await loadSession().catch(() => {});
  run();
}

async function start() {
  showState();
  try {
    const session = await loadSession();
    // Before a key is given the server says nothing about its store.
    if (!session.store && session.scopes.includes("read")) {
      document.documentElement.dataset.store = "none";
      showNoStore();
      return;
    }
  } catch (problem) {
    showProblem(problem, start);
    return;
  }
  run();
  if (state.item) detail.show(state.item);
}

start();
