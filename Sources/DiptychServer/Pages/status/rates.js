// What happened between two readings of counters that run since the server's start.

/** Requests a second, or null across a restart. */
export function requestRate(before, now, seconds) {
  return perSecond(now.requests.total - before.requests.total, seconds);
}

/** Mean size of the batches that were run meanwhile, or null when there were none. */
export function batchSize(before, now, kind) {
  const [a, b] = [before.batches?.[kind], now.batches?.[kind]];
  if (!a || !b || b.count <= a.count) return null;
  return (b.count * b.mean - a.count * a.mean) / (b.count - a.count);
}

/** The share of look-ups that the cache answered meanwhile, or null when there were none. */
export function hitRate(before, now) {
  const hits = now.cache.hits - before.cache.hits;
  const all = hits + now.cache.misses - before.cache.misses;
  return hits >= 0 && all > 0 ? hits / all : null;
}

function perSecond(count, seconds) {
  return count >= 0 && seconds > 0 ? count / seconds : null;
}
