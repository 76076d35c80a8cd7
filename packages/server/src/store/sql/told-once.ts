import type { Committed } from "../store.js";

/** Entries that are remembered: far more than can come between two tellings of one of them. */
const REMEMBERED = 10_000;

/**
 * Passes each entry on once, whoever tells of it first: this node, which committed it, or the database, which may tell
 * this node of its own commit before it answers it.
 */
export function toldOnce(tell: (entries: readonly Committed[]) => void): (entries: readonly Committed[]) => void {
  const told = new Set<number>();
  return (entries) => {
    const news = entries.filter(({ idx }) => !told.has(idx));
    for (const { idx } of news) told.add(idx);
    for (const idx of told) {
      if (told.size <= REMEMBERED) break;
      told.delete(idx);
    }
    if (news.length > 0) tell(news);
  };
}
