// Streams of events that the server sends (server-sent events). Read by fetch and not by EventSource, which tells neither why a stream
// was refused nor that one has fallen silent.
import { Problem } from "./problem.js";
import { aborted, openStream } from "./requests.js";

// The first event comes at once, and later at least a comment every quarter of a minute.
const longestStart = 5_000;
const longestSilence = 40_000;

/**
 * Follows a stream: calls `heard({ name, data, id })` for each event. Ends when the server ends the stream; throws a `Problem` where
 * there is none or it breaks, and an AbortError when `signal` says so. `after` is the id of the last event that is known.
 */
export async function follow(path, heard, signal, after = null) {
  const controller = new AbortController();
  const stop = () => controller.abort();
  let timer = 0;
  signal.addEventListener("abort", stop);
  addEventListener("offline", stop);
  try {
    if (signal.aborted) throw aborted();
    const response = await openStream(path, after === null ? {} : { "Last-Event-ID": after }, controller.signal);
    timer = setTimeout(stop, longestStart);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, longestSilence);
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = parsed(block);
        if (event) heard(event);
      }
    }
  } catch (error) {
    if (signal.aborted) throw aborted();
    throw error instanceof Problem ? error : Problem.noAnswer;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    removeEventListener("offline", stop);
    controller.abort();
  }
}

/** An event; null for a block that is only a comment or says when to come back. */
function parsed(block) {
  const event = { name: "message", data: [], id: null };
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "data") event.data.push(value);
    else if (field === "event") event.name = value;
    else if (field === "id") event.id = value;
  }
  return event.data.length > 0 ? { ...event, data: event.data.join("\n") } : null;
}
