// What all pages have: icons, language, theme, navigation, notices, the key and the foot.
import { startFoot } from "./foot.js";
import { startLanguage } from "./i18n.js";
import { placeIcons } from "./icons.js";
import { startKey } from "./key.js";
import { startNavigation } from "./navigation.js";
import { startNotices } from "./notice.js";
import { loadSession } from "./session.js";
import { startTheme } from "./theme.js";

/** Brings the shell to life; `signedIn` is called when the reader has given a key. */
export function startShell({ signedIn = () => {} } = {}) {
  placeIcons();
  startLanguage();
  startTheme();
  startNavigation();
  startKey();
  startNotices();
  startFoot();
  document.addEventListener("diptych:session", () => loadSession().then(signedIn, () => {}));
}
