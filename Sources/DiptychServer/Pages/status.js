// The status page: asks once a second what the server does, and shows the last two minutes.
import { status } from "./api.js";
import { Chart } from "./chart.js";
import { element, fill, find } from "./dom.js";
import { bytes, duration, milliseconds, number, percent } from "./format.js";
import { onLanguage, startLanguage, t } from "./i18n.js";
import { placeIcons } from "./icons.js";
import { startKey } from "./key.js";
import { clearProblem, showProblem, startNotices } from "./notice.js";
import { batchSize, hitRate, requestRate } from "./rates.js";
import { startTheme } from "./theme.js";

const interval = 1000;
let before = null;
let timer = 0;
let isPolling = false;

placeIcons();
startLanguage();
startTheme();
startKey();
startNotices();

const one = (value) => number(value, value < 10 ? 1 : 0);
const whole = (value) => number(value);
const percentiles = ["status.p50", "status.p90", "status.p99"];
const kinds = ["status.texts", "status.pictures"];
const quantiles = (latency) => [latency?.p50 ?? null, latency?.p90 ?? null, latency?.p99 ?? null];

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

async function poll() {
  if (isPolling) return;
  isPolling = true;
  try {
    const now = { time: performance.now() / 1000, said: await status() };
    clearProblem();
    for (const [chart, values] of charts) {
      const seconds = before ? now.time - before.time : 0;
      chart.add(now.time, values(now.said, before?.said ?? null, seconds));
    }
    before = now;
    show(now.said);
  } catch (problem) {
    before = null;
    // Said once, not every second.
    if (find("notice").hidden) showProblem(problem);
  } finally {
    isPolling = false;
  }
  if (!document.hidden) timer = setTimeout(poll, interval);
}

function show(now) {
  const facts = [
    ["status.version", now.version],
    ["status.uptime", duration(now.uptime)],
    ["status.store", now.store ? now.store.name : t("status.no-store")],
    ["status.items", now.store ? number(now.store.count) : "–"],
    ["status.size", now.store ? bytes(now.store.bytes) : "–"],
    ["status.requests", number(now.requests.total)],
    ["status.failed", number(now.requests.failed)],
    ["status.queue-limit", number(now.queue.limit)],
    ["status.cache", `${number(now.cache.entries)} / ${number(now.cache.limit)}`],
  ];
  fill(find("overview"), element("dl", {}, ...facts.map(([key, value]) =>
    element("div", {}, element("dt", {}, t(key)), element("dd", {}, value)))));
  const latencies = [
    ...Object.entries(now.latency ?? {}),
    ...Object.entries(now.stages ?? {}).map(([stage, latency]) => [stageName(stage), latency]),
  ];
  fill(find("latencies"), ...latencies.map(([name, latency]) => row(name, number(latency.count),
    ...quantiles(latency).map((value) => (value === null || latency.count === 0 ? "–" : milliseconds(value))))));
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

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) poll();
});
onLanguage(() => {
  for (const [chart] of charts) chart.render();
  if (before) show(before.said);
});
poll();
