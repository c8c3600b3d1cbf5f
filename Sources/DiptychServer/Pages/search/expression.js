// Filter expressions (Documentation/filters.md) from the fields of a form, and back.

/** A form without conditions. */
export const noConditions = { width: "", type: "", from: "", to: "", caption: "", attribute: "", value: "" };

const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const unquote = (text) => text.slice(1, -1).replaceAll("''", "'");
const isNumber = (text) => /^[+-]?\d+(\.\d+)?$/.test(text);
const isLiteral = (text) => isNumber(text) || text === "true" || text === "false";
const isWord = (text) => /^[\p{Alphabetic}_][\p{Alphabetic}_.0-9]*$/u.test(text);
// Words of the language itself are no names.
const reserved = new Set(["and", "or", "not", "in", "like", "under", "matches", "within", "has", "exists", "true", "false"]);
const attributeName = (text) => (isWord(text) && !reserved.has(text.toLowerCase()) ? text : `[${text.replaceAll("]", "]]")}]`);

/** The expression that accepts what fulfils all conditions; empty without any. */
export function expression(conditions) {
  const { width, type, from, to, caption, attribute, value } = conditions;
  const parts = [];
  if (width) parts.push(`width >= ${width}`);
  if (type) parts.push(`type = ${quote(type)}`);
  if (from) parts.push(`taken >= ${from}`);
  if (to) parts.push(`taken <= ${to}`);
  if (caption) parts.push(`caption matches ${quote(caption)}`);
  if (attribute && value) parts.push(`${attributeName(attribute)} = ${isLiteral(value) ? value : quote(value)}`);
  return parts.join(" and ");
}

const text = "'(?:[^']|'')*'";
const date = "\\d{4}-\\d{2}-\\d{2}";
// In the order in which `expression` writes them; the attribute comes last, as it would match what others write.
const shapes = [
  [/^width >= (\d+)/, (found) => ({ width: found[1] })],
  [new RegExp(`^type = (${text})`), (found) => ({ type: unquote(found[1]) })],
  [new RegExp(`^taken >= (${date})`), (found) => ({ from: found[1] })],
  [new RegExp(`^taken <= (${date})`), (found) => ({ to: found[1] })],
  [new RegExp(`^caption matches (${text})`), (found) => ({ caption: unquote(found[1]) })],
  [new RegExp(`^(\\[(?:[^\\]]|\\]\\])+\\]|[^\\s\\[\\]'"=<>!()]+) = (${text}|[^\\s']+)$`), (found) => ({
    attribute: found[1].startsWith("[") ? found[1].slice(1, -1).replaceAll("]]", "]") : found[1],
    value: found[2].startsWith("'") ? unquote(found[2]) : found[2],
  })],
];

/** The conditions of an expression that the form could have written, or null. */
export function conditions(written) {
  let rest = written.trim();
  let found = { ...noConditions };
  for (const [shape, read] of shapes) {
    const match = shape.exec(rest);
    if (!match) continue;
    const after = rest.slice(match[0].length);
    if (after !== "" && !after.startsWith(" and ")) return null;
    found = { ...found, ...read(match) };
    rest = after.replace(/^ and /, "");
  }
  // Written again it must be the same: then nothing was lost.
  return rest === "" && expression(found) === written.trim() ? found : null;
}
