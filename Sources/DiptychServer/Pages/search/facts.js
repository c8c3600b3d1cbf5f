// What is known about an item, as pairs of a name and a value for its detail view.
import { bytes, moment, number } from "../shared/format.js";
import { t } from "../shared/i18n.js";

const written = {
  caption: (value) => value,
  taken: (value) => moment(value, "UTC"),
  camera: (value) => value,
  type: (value) => value.toUpperCase(),
  bytes,
  modified: (value) => moment(value),
  added: (value) => moment(value),
};
// Shown as size and location.
const joined = new Set(["width", "height", "latitude", "longitude"]);

/** Pairs of name and value; attributes that were given at indexing come last, under their own names. */
export function facts(item) {
  const attributes = item.attributes ?? {};
  const pairs = [];
  for (const [name, write] of Object.entries(written)) {
    if (attributes[name] || attributes[name] === 0) pairs.push([t(`fact.${name}`), write(attributes[name])]);
    if (name === "type" && attributes.width && attributes.height) {
      pairs.push([t("fact.size"), `${number(attributes.width)} × ${number(attributes.height)}`]);
    }
  }
  if (typeof attributes.latitude === "number" && typeof attributes.longitude === "number") {
    pairs.push([t("fact.location"), `${number(attributes.latitude, 5)}, ${number(attributes.longitude, 5)}`]);
  }
  if (item.path) pairs.push([t("fact.path"), item.path]);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in written || joined.has(name) || value === null) continue;
    pairs.push([name, plain(value)]);
  }
  return pairs;
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
