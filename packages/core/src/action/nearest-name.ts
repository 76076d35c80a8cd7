const CHARS_MAX = 40;

/**
 * The known name that a mistyped one was most likely meant to be, or undefined where none is near.
 *
 * @param name - What was written.
 * @param known - The names that mean something here.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const written = name.slice(0, CHARS_MAX).toLowerCase();
  let nearest: string | undefined;
  let distance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(written, candidate.toLowerCase());
    if (edits < distance) {
      distance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = from[row - 1] === to[column - 1] ? 0 : 1;
      let edits = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + substitution,
      );
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        edits = Math.min(edits, (older[column - 2] ?? edits) + 1);
      }
      current.push(edits);
    }
    older = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}
