// The map as the server sends it: a line of JSON, then coordinates, colours and ids; see /v1/map/points in the specification.
import { request, requestBytes } from "../shared/requests.js";

/** How it is with the map: `{state, progress, count, version, updating, attributes}`. */
export function mapState(signal) {
  return request("v1/map", { signal });
}

/** The points: `{count, x, y, colours, ids, names, counts, version}`; coordinates are Float32Arrays, y upwards. */
export async function mapPoints(by, signal) {
  const buffer = await requestBytes(`v1/map/points${by ? `?by=${encodeURIComponent(by)}` : ""}`, signal);
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const { count } = head;
  const pairs = new Float32Array(buffer, end + 1, 2 * count);
  const [x, y] = [new Float32Array(count), new Float32Array(count)];
  for (let row = 0; row < count; row += 1) {
    x[row] = pairs[2 * row];
    y[row] = pairs[2 * row + 1];
  }
  const colours = bytes.slice(end + 1 + 8 * count, end + 1 + 9 * count);
  const text = new TextDecoder().decode(bytes.subarray(end + 1 + 9 * count));
  return { ...head, x, y, colours, ids: count ? text.split("\n") : [] };
}

/** An item with its links; null where it is gone. */
export async function item(id, signal) {
  try {
    return await request(`v1/items/${encodeURIComponent(id)}`, { signal });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
