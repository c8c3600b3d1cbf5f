// The status page: shows what the server does as it says it, and the last two minutes of it.
import { element, fill, find } from "../shared/dom.js";
import { follow } from "../shared/events.js";
import { bytes, duration, milliseconds, number, percent } from "../shared/format.js";
import { onLanguage, t } from "../shared/i18n.js";
import { clearProblem, showProblem } from "../shared/notice.js";
import { pause, request } from "../shared/requests.js";
import { loadSession } from "../shared/session.js";
import { startShell } from "../shared/shell.js";
import { Chart } from "./chart.js";
import { batchSize, hitRate, requestRate } from "./rates.js";

// Seconds between two questions where there is no stream, and until a stream is tried again.
const interval = 1;
const [firstPause, longestPause] = [4, 64];
// The last that was said, and when in seconds; and the same of what the charts have.
let said = null;
let drawn = null;
let repeating = 0;
let watching = null;

startShell({ signedIn: startOrStop });

const one = (value) => number(value, value < 10 ? 1 : 0);
const whole = (value) => number(value);
const percentiles = ["status.p50", "status.p90", "status.p99"];
const kinds = ["status.texts", "status.pictures"];
const quantiles = (latency) => (latency?.count > 0 ? [latency.p50, latency.p90, latency.p99] : [null, null, null]);

// Each chart with what it draws of two readings, `seconds` apart; of the first there is no rate.
const charts = [
  [new Chart("chart.rate", [null], one), (now, last, seconds) => [last && requestRate(last, now, seconds)]],
  [new Chart("chart.search", percentiles, milliseconds), (now) => quantiles(now.latency?.["/v1/search"])],
  [new Chart("chart.encode", percentiles, milliseconds), (now) => quantiles(now.stages?.encode)],
  [new Chart("chart.queue", kinds, whole), (now) => [now.queue.texts, now.queue.pictures]],
  [new Chart("chart.batch", kinds, one), (now, last) => ["texts", "pictures"].map((kind) => last && batchSize(last, now, kind))],
  [new Chart("chart.cache", [null], percent), (now, last) => [last && hitRate(last, now)]],
  [new Chart("chart.active", [null], whole), (now) => [now.requests.active]],
  [new Chart("chart.memory", [null], bytes), (now) => [now.memory.resident]],
];
fill(find("charts"), ...charts.map(([chart]) => chart.element));

/** Takes in what the server says. As long as it says nothing else, nothing has changed. */
function hear(status) {
  clearProblem();
  said = { time: performance.now() / 1000, status };
  draw();
  show();
}

function draw() {
  clearTimeout(repeating);
  const time = performance.now() / 1000;
  const { status } = said;
  // By the server's clock where it has said something new, for its words are not always equally long on their way.
  const isNew = status !== drawn?.status;
  const seconds = !drawn ? 0 : isNew ? status.uptime - drawn.status.uptime : time - drawn.time;
  for (const [chart, values] of charts) chart.add(time, values(status, drawn?.status ?? null, seconds));
  drawn = { time, status };
  // A little late, so that what comes once a second comes first.
  repeating = setTimeout(() => {
    draw();
    show();
  }, 1500);
}

/** Nothing is known from now on. */
function lose(problem) {
  clearTimeout(repeating);
  drawn = null;
  // Said once, not every second.
  if (find("notice").hidden) showProblem(problem);
}

/** Follows the server until `signal` says so: by its stream, and where that fails by asking. */
async function watch(signal) {
  let wait = firstPause;
  while (!signal.aborted) {
    try {
      await follow("v1/status/events", (event) => {
        wait = firstPause;
        hear(JSON.parse(event.data));
      }, signal);
    } catch (problem) {
      if (problem.name === "AbortError" || isRefused(problem)) return;
    }
    const end = performance.now() + wait * 1000;
    wait = Math.min(2 * wait, longestPause);
    while (!signal.aborted && performance.now() < end) {
      try {
        hear(await request("v1/status", { signal }));
      } catch (problem) {
        if (problem.name === "AbortError" || isRefused(problem)) return;
        lose(problem);
      }
      await pause(interval, signal).catch(() => {});
    }
  }
}

/** Whether there is nothing to be seen without a key, which the reader was asked for and did not give. */
function isRefused(problem) {
  if (problem.status !== 401) return false;
  showProblem(problem, startOrStop);
  return true;
}

/** Watches while somebody can see it. */
function startOrStop() {
  watching?.abort();
  clearTimeout(repeating);
  drawn = null;
  watching = null;
  if (document.hidden) return;
  watching = new AbortController();
  watch(watching.signal);
}

function show() {
  const now = said.status;
  const facts = [
    ["status.version", now.version],
    ["status.uptime", duration(now.uptime + performance.now() / 1000 - said.time)],
    ["status.store", now.store ? now.store.name : t("status.no-store")],
    ["status.items", now.store ? number(now.store.count) : "–"],
    ["status.size", now.store ? bytes(now.store.bytes) : "–"],
    ["status.requests", number(now.requests.total)],
    ["status.failed", number(now.requests.failed)],
    ["status.queue-limit", number(now.queue.limit)],
    ["status.cache", `${number(now.cache.entries)} / ${number(now.cache.limit)}`],
    ["status.listeners", `${number(now.events.listeners)} / ${number(now.events.limit)}`],
  ];
  fill(find("overview"), element("dl", {}, ...facts.map(([key, value]) =>
    element("div", {}, element("dt", {}, t(key)), element("dd", {}, value)))));
  const latencies = [
    ...Object.entries(now.latency ?? {}),
    ...Object.entries(now.stages ?? {}).map(([stage, latency]) => [stageName(stage), latency]),
  ];
  fill(find("latencies"), ...latencies.map(([name, latency]) => row(name, number(latency.count),
    ...quantiles(latency).map((value) => (value === null ? "–" : milliseconds(value))))));
  fill(find("models"), ...now.models.map((model) => row(
    model.name, stateName(model.state), number(model.dimension ?? 0), model.precision ?? "–", number(model.threads ?? 0))));
}

const stages = ["queue", "fetch", "decode", "encode", "search"];
const stageName = (stage) => (stages.includes(stage) ? t(`stage.${stage}`) : stage);
const states = ["ready", "loading", "unloaded", "failed"];
const stateName = (state) => (states.includes(state) ? t(`state.${state}`) : state);

function row(name, ...cells) {
  return element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, cell)));
}

document.addEventListener("visibilitychange", startOrStop);
// The browser keeps a page that was left, and maybe shows it again.
addEventListener("pageshow", (event) => event.persisted && startOrStop());
addEventListener("pagehide", () => watching?.abort());
onLanguage(() => {
  for (const [chart] of charts) chart.render();
  if (said) show();
});
loadSession().catch(() => {});
startOrStop();
