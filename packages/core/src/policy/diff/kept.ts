/**
 * The places that keep their order: one longest rising run of the numbers, nulls left out. Patience sorting, so its
 * time grows as n log n (Fredman, "On computing the length of longest increasing subsequences", 1975).
 *
 * @param numbers - Each at most once.
 * @returns Indexes into `numbers`.
 */
export function kept(numbers: readonly (number | null)[]): Set<number> {
  /** For each length of a run, the index where the run of that length with the lowest end ends. */
  const ends: number[] = [];
  const before: (number | undefined)[] = [];
  numbers.forEach((number, index) => {
    if (number === null) return;
    const length = lengthBelow(ends, numbers, number);
    before[index] = ends[length - 1];
    ends[length] = index;
  });
  const places = new Set<number>();
  for (let index = ends.at(-1); index !== undefined; index = before[index]) places.add(index);
  return places;
}

/** How long a run may be that ends below a number. */
function lengthBelow(ends: readonly number[], numbers: readonly (number | null)[], number: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const end = numbers[ends[middle] ?? 0] ?? 0;
    if (end < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
