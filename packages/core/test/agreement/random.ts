/** Numbers from a seed, the same everywhere: so a failure is told by its seed. Mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 0;
  }

  /** From 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0, below a bound. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Whether something happens that does so in a share of all cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<Item>(list: readonly Item[]): Item {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }

  /** From `least` to `most` items, each made anew. */
  list<Item>(least: number, most: number, make: () => Item): Item[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }
}

/** How many pairs of a policy and an action a test goes through: `POLICY_PAIRS` for a soak. */
export function pairsToTest(usually: number): number {
  return Number(process.env["POLICY_PAIRS"] ?? usually);
}

/** Where a run begins: `POLICY_SEED`, or another place each time. */
export function firstSeed(): number {
  return Number(process.env["POLICY_SEED"] ?? Date.now() % 1_000_000_000);
}
