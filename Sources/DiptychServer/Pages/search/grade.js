// How good a result is beside the best one of its search. Probabilities of a match are small where many pictures could be
// meant, so that the best hit of a good search may have 2 %: what helps in choosing is how far the others are behind.

/** "best", "good" or "weak", or null where no probability says which; `best` is the first result of the search. */
export function gradeOf(item, best) {
  if (item.rank === 1 || item.id === best?.id || (best && item.similarity >= best.similarity)) return "best";
  if (typeof item.match_probability !== "number") return null;
  return item.match_probability >= 0.5 || shareOfBest(item, best) >= 0.5 ? "good" : "weak";
}

/** The item's probability, or where there is none its similarity, as a share of the best result's. */
export function shareOfBest(item, best) {
  if (!best || item.id === best.id) return 1;
  const isKnown = typeof item.match_probability === "number" && typeof best.match_probability === "number";
  const [value, most] = isKnown ? [item.match_probability, best.match_probability] : [item.similarity, best.similarity];
  return most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
}
