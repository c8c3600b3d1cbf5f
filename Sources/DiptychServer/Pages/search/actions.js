// What is done with all selected pictures at once: label, tag, caption, take home, remove. One undo takes each back.
import { element, fill, find } from "../shared/dom.js";
import { onLanguage, t } from "../shared/i18n.js";
import { Labelling } from "../shared/labelling.js";
import { showProblem } from "../shared/notice.js";
import { canWrite, onSession } from "../shared/session.js";
import { toast } from "../shared/toast.js";
import { deleteItem, downloadItems, editItems, restoreItem } from "./api.js";
import { clearSelection, onSelection, pruneSelection, selectAll, selected } from "./selection.js";

const kinds = ["label", "tag", "untag", "caption"];
const tagsOf = (item) => [item.attributes?.tags ?? []].flat().filter((tag) => typeof tag === "string");

/** Shows the bar while something is selected. */
export function startActions(grid) {
  const labelling = new Labelling((count, problem) => (find("selection-saved").textContent = Labelling.words(count, problem)), showProblem);
  let loading = null;
  const load = () => (loading ??= labelling.load().catch((problem) => {
    loading = null;
    throw problem;
  }));

  const show = (count) => {
    find("selection").hidden = count === 0;
    find("selection-count").textContent = t("selection.count", { count });
  };
  onSelection(show);
  onLanguage(() => {
    show(selected().length);
    const kind = find("selection-kind").value || kinds[0];
    fill(find("selection-kind"), ...kinds.map((name) => element("option", { value: name, selected: name === kind }, t(`selection.${name}`))));
  });
  fill(find("selection-kind"), ...kinds.map((name) => element("option", { value: name }, t(`selection.${name}`))));
  onSession(() => {
    for (const part of document.querySelectorAll("#selection [data-writes]")) part.hidden = !canWrite();
  });

  async function suggest() {
    const kind = find("selection-kind").value;
    let words = [];
    if (kind === "label") {
      await load();
      words = labelling.labels;
    } else if (kind !== "caption") {
      words = [...new Set(grid.items.flatMap(tagsOf))];
    }
    fill(find("selection-words"), ...words.slice(0, 1000).map((word) => element("option", { value: word })));
  }

  /** Sends changes, shows what came of them, and offers to take them back by others. */
  async function edit(changes, back, words) {
    const take = (items) => items.forEach((item) => grid.update(item));
    take(await editItems(changes));
    toast(words, () => guarded(async () => take(await editItems(back))));
  }

  async function apply(items, kind, text) {
    const ids = items.map((item) => item.id);
    if (kind === "label") {
      await load();
      return labelling.give(ids, text, false, () => {});
    }
    if (kind === "caption") {
      const back = items.map((item) => ({ id: item.id, caption: item.attributes?.caption ?? null }));
      return edit(ids.map((id) => ({ id, caption: text || null })), back, t("captioned", { count: ids.length }));
    }
    const [name, other] = kind === "tag" ? ["add_tags", "remove_tags"] : ["remove_tags", "add_tags"];
    const changed = items.filter((item) => tagsOf(item).includes(text) === (kind === "untag")).map((item) => item.id);
    if (changed.length === 0) return toast(t("nothing-changed"));
    return edit(changed.map((id) => ({ id, [name]: [text] })), changed.map((id) => ({ id, [other]: [text] })), t("tagged", { count: changed.length }));
  }

  async function remove(items) {
    const gone = [];
    try {
      for (const item of items) {
        await deleteItem(item.id);
        gone.push(item);
        grid.remove(item.id);
      }
    } finally {
      pruneSelection();
      if (gone.length > 0) {
        toast(t("removed", { count: gone.length }), () => guarded(async () => {
          for (const item of gone.reverse()) grid.insert({ ...item, ...(await restoreItem(item.id)) }, 0);
        }));
      }
    }
  }

  async function download(items) {
    const bytes = await downloadItems(items.map((item) => item.id));
    const link = element("a", { href: URL.createObjectURL(new Blob([bytes], { type: "application/zip" })), download: "pictures.zip" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  let busy = false;
  async function guarded(action) {
    if (busy) return;
    busy = true;
    find("selection").setAttribute("aria-busy", "true");
    try {
      await action();
    } catch (problem) {
      showProblem(problem);
    } finally {
      busy = false;
      find("selection").removeAttribute("aria-busy");
    }
  }

  find("selection-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [kind, text] = [find("selection-kind").value, find("selection-text").value.trim()];
    // Only a caption may be empty: that takes it away.
    if (!text && kind !== "caption") return find("selection-text").focus();
    return guarded(async () => {
      await apply(selected(), kind, text);
      find("selection-text").value = "";
    });
  });
  find("selection-text").addEventListener("focus", () => suggest().catch(showProblem));
  find("selection-kind").addEventListener("change", () => suggest().catch(showProblem));
  find("selection-all").addEventListener("click", selectAll);
  find("selection-clear").addEventListener("click", clearSelection);
  find("selection-remove").addEventListener("click", () => guarded(() => remove(selected())));
  find("selection-download").addEventListener("click", () => guarded(() => download(selected())));
}
