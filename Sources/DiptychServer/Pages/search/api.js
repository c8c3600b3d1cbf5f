// The server's API as the search page uses it.
import { request, requestBytes, upload } from "../shared/requests.js";

/** How many results make a page: a little more than fills a large screen. */
export const pageSize = 36;

/**
 * One page of what a query finds: `{results, next}`. A query without text, item and picture browses what the filter
 * accepts; minus terms have nothing to be taken from there.
 */
export async function findPage(query, cursor, signal) {
  if (!query.text && !query.like && !query.picture) {
    const fields = { limit: pageSize };
    if (query.filter) fields.filter = query.filter;
    if (cursor) fields.after = cursor;
    // Not URLSearchParams, which writes a space as a plus sign: that is one in forms only, not in every URL.
    const written = Object.entries(fields).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    const page = await request(`v1/items?${written}`, { signal });
    return { results: page.items, next: page.next };
  }
  const members = { k: pageSize };
  if (query.text) members.text = query.text;
  if (query.like) members.item = query.like;
  if (query.minus.length) members.minus = query.minus;
  if (query.filter) members.filter = query.filter;
  if (query.relevant) members.only_relevant = true;
  if (cursor) members.page = cursor;
  return request("v1/search", { method: "POST", signal, ...body(members, query.picture) });
}

function body(members, picture) {
  if (!picture) return { json: members };
  const form = new FormData();
  for (const [name, value] of Object.entries(members)) {
    for (const each of [value].flat()) form.append(name, String(each));
  }
  form.append("image", picture, picture.name ?? "picture");
  return { form };
}

/** The items nearest to one, without it. */
export async function similarItems(id, count, signal) {
  const reply = await request("v1/search", { method: "POST", json: { item: id, k: count + 1 }, signal });
  return reply.results.filter((result) => result.id !== id).slice(0, count);
}

/** The moments of a video in the order of their times; with a text those nearest to it, best first. */
export async function momentsOf(id, text, signal) {
  if (!text) return (await request(`${place(id)}/moments`, { signal })).moments;
  const members = { text, k: 1, filter: `id = '${id}'` };
  const [found] = (await request("v1/search", { method: "POST", json: members, signal })).results;
  if (!found) return [];
  return found.moments ?? [{ start: found.start, end: found.end, best: found.best }];
}

const place = (id) => `v1/items/${encodeURIComponent(id)}`;

export const item = (id, signal) => request(place(id), { signal });
export const deleteItem = (id) => request(place(id), { method: "DELETE" });
export const restoreItem = (id) => request(`${place(id)}/restore`, { method: "POST", json: {} });

/** Changes items, all or none: `{id, caption, attributes, add_tags, remove_tags}` each. Resolves to the items as they are now. */
export async function editItems(items) {
  const found = [];
  for (let start = 0; start < items.length; start += mostAtOnce) {
    const reply = await request("v1/items", { method: "PATCH", json: { items: items.slice(start, start + mostAtOnce) } });
    found.push(...reply.items);
  }
  return found;
}

const mostAtOnce = 1000;

/** Images in a zip file with a manifest, as bytes. */
export const downloadItems = (ids) => requestBytes("v1/items/download", undefined, { ids });

/** Adds a picture; `progress` is told the sent share. */
export function addItem(file, caption, progress, signal) {
  const form = new FormData();
  if (caption) form.append("caption", caption);
  form.append("file", file, file.name);
  return upload("v1/items", form, progress, signal);
}

/** The frame of a video that is shown at a second. */
export function frameAt(item, seconds, size) {
  const url = new URL(item.thumbnail, location.href);
  url.searchParams.set("time", seconds);
  url.searchParams.set("size", size);
  return url.pathname + url.search;
}

/** An item's thumbnail at most `size` pixels long, kept in cache by its version. */
export function thumbnail(item, size) {
  const url = new URL(item.thumbnail, location.href);
  url.searchParams.set("size", size);
  return url.pathname + url.search;
}
