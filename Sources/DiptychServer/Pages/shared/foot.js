// The page's foot: store, model and version, and the key where the server asks for one.
import { find } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import { askForKey } from "./key.js";
import { canWrite, currentSession, onSession, signOut } from "./session.js";

export function startFoot() {
  onSession(show);
  onLanguage(() => currentSession() && show(currentSession()));
  find("enter-key").addEventListener("click", askForKey);
  find("forget-key").addEventListener("click", async () => {
    await signOut().catch(() => {});
    location.reload();
  });
}

function show(session) {
  find("about").textContent = t("about", {
    store: session.store?.name ?? "–", model: session.model ?? "–", version: session.version ?? "",
  });
  find("enter-key").hidden = !session.key_required || canWrite();
  find("forget-key").hidden = !session.key_required || session.name === null;
}
