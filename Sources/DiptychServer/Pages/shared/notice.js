// What went wrong, in words at the page's head.
import { element, fill, find } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import { whenWaiting } from "./requests.js";

let shown = null;

/** Says what went wrong, with a button that tries again. */
export function showProblem(problem, retry) {
  shown = { problem, retry };
  const place = find("notice");
  place.hidden = false;
  fill(place,
    element("p", {}, problem.sentence ?? String(problem.message)),
    retry && element("button", { type: "button", on: { click: again } }, t("retry")));
}

/** Takes the words about a problem away. */
export function clearProblem() {
  shown = null;
  find("notice").hidden = true;
  fill(find("notice"));
}

function again() {
  const { retry } = shown;
  clearProblem();
  retry();
}

/** Says while a busy server is waited for, and tries again when the network is back. */
export function startNotices() {
  whenWaiting((seconds) => {
    const place = find("notice");
    place.hidden = seconds === null;
    if (seconds === null) fill(place);
    else fill(place, element("p", {}, `${t("problem.busy")} ${t("problem.wait", { count: Math.ceil(seconds) })}`));
  });
  addEventListener("online", () => shown?.problem.status === 0 && shown.retry && again());
  onLanguage(() => shown && showProblem(shown.problem, shown.retry));
}
