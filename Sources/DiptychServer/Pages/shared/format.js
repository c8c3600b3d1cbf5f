// Numbers, sizes and times as readers of the interface's language write them.
import { localeTag } from "./i18n.js";

export function number(value, digits = 0) {
  return value.toLocaleString(localeTag(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A share of 1 as a whole percentage; only what is certain says 100 %. */
export function percent(share) {
  const shown = share < 1 ? Math.min(share, 0.994) : 1;
  return shown.toLocaleString(localeTag(), { style: "percent", maximumFractionDigits: 0 });
}

/** Bytes in decimal units, as filters write them. */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** Seconds since 1970 as date and time; `zone` "UTC" for a camera's clock, which knows no zone. */
export function moment(seconds, zone = undefined) {
  return new Date(seconds * 1000).toLocaleString(localeTag(), {
    dateStyle: "medium", timeStyle: "short", timeZone: zone,
  });
}

/** A latency in milliseconds. */
export function milliseconds(seconds) {
  const value = seconds * 1000;
  return `${number(value, value < 10 ? 1 : 0)} ms`;
}

/** How long something has run, in its two largest units. */
export function duration(seconds) {
  const whole = Math.floor(seconds);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = Math.max(0, parts.findIndex(([size]) => whole >= size));
  if (whole < 1) return "0 s";
  return parts.slice(first, first + 2).map(([size, unit], index) => {
    const rest = index === 0 ? whole : whole % parts[first][0];
    return `${number(Math.floor(rest / size))} ${unit}`;
  }).join(" ");
}

/** The file's name at the end of a path or URL. */
export function fileName(path) {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1) || path;
}

const shownTypes = new Set(["jpeg", "png", "gif", "webp", "avif", "bmp"]);

/** Whether all of today's browsers show a picture of this type; one that is not known is tried. */
export function isShownByBrowsers(type) {
  return typeof type !== "string" || shownTypes.has(type.toLowerCase());
}
