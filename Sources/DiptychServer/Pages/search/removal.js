// Deleting an item, and taking that back.
import { t } from "../shared/i18n.js";
import { toast } from "../shared/toast.js";
import { deleteItem, restoreItem } from "./api.js";
import { itemName } from "./tile.js";

/** Deletes an item and takes it out of the grid; a toast offers to undo it. Throws the server's problem. */
export async function removeItem(item, grid) {
  await deleteItem(item.id);
  const place = grid.remove(item.id);
  const key = grid.key;
  toast(t("deleted", { name: itemName(item) }), async () => {
    try {
      const restored = await restoreItem(item.id);
      // Another search may be shown by now, where the item has no place.
      if (place >= 0 && grid.key === key) grid.insert({ ...item, ...restored }, place);
      toast(t("restored", { name: itemName(item) }));
    } catch (problem) {
      toast(t("restore.failed", { reason: problem.sentence }));
    }
  });
}
