/** Something that took effect at one moment between two: after it was invoked and before it returned. */
export interface Deed<State> {
  readonly invoked: number;
  /** Infinity where no answer came. */
  readonly returned: number;
  /** Whether it must have taken effect. What may be left out explains others, and is explained by nothing. */
  readonly isCertain: boolean;
  /** Whether it may change the state. What only looks is taken as soon as it fits, which loses no solution. */
  readonly changes: boolean;
  /** The state after it, or undefined where it cannot take effect in this state with the answer that it got. */
  apply(state: State): State | undefined;
}

/** Whether there is an order; where not, how far the longest one came and what then fits nowhere. */
export type Verdict<State, Each extends Deed<State>> =
  | { readonly kind: "linearizable" }
  | { readonly kind: "not_linearizable"; readonly state: State; readonly stuck: readonly Each[] }
  | { readonly kind: "undecided" };

/** States looked at before a search is given up. Lives of actions need a handful; a wrong one is searched to its end. */
const VISITS_MAX = 2_000;

/**
 * Looks for an order of deeds in which each takes effect between its invocation and its return and each answer is
 * right: the search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memory of
 * configurations that led nowhere.
 */
export function linearize<State, Each extends Deed<State>>(
  initial: State,
  deeds: readonly Each[],
): Verdict<State, Each> {
  return new Search<State, Each>(deeds).run(initial);
}

class Search<State, Each extends Deed<State>> {
  readonly #deeds: readonly Each[];
  readonly #isDone: boolean[];
  readonly #seen = new Set<string>();
  /** What was taken, in order, to be taken back. */
  readonly #taken: number[] = [];
  #certainLeft: number;
  #fewestLeft = Number.POSITIVE_INFINITY;
  #furthest: { state: State; stuck: readonly Each[] } | null = null;

  constructor(deeds: readonly Each[]) {
    this.#deeds = deeds.toSorted((a, b) => a.invoked - b.invoked);
    this.#isDone = this.#deeds.map(() => false);
    this.#certainLeft = this.#deeds.filter(({ isCertain }) => isCertain).length;
  }

  run(initial: State): Verdict<State, Each> {
    if (this.#visit(initial)) return { kind: "linearizable" };
    if (this.#seen.size >= VISITS_MAX || this.#furthest === null) return { kind: "undecided" };
    return { kind: "not_linearizable", ...this.#furthest };
  }

  #visit(state: State): boolean {
    const begun = this.#taken.length;
    this.#takeLooks(state);
    if (this.#certainLeft === 0 || (this.#isNew(state) && this.#tryChanges(state))) return true;
    while (this.#taken.length > begun) this.#takeBack();
    return false;
  }

  #isNew(state: State): boolean {
    const key = JSON.stringify([state, this.#isDone.map(Number).join("")]);
    if (this.#seen.has(key) || this.#seen.size >= VISITS_MAX) return false;
    this.#seen.add(key);
    this.#noteFurthest(state);
    return true;
  }

  #tryChanges(state: State): boolean {
    const deadline = this.#deadline();
    const floor = this.#floor();
    for (const [index, deed] of this.#deeds.entries()) {
      if (deed.invoked > deadline) break;
      if (this.#isDone[index] === true || !deed.changes || deed.returned < floor) continue;
      const next = deed.apply(state);
      if (next === undefined) continue;
      this.#take(index);
      if (this.#visit(next)) return true;
      this.#takeBack();
    }
    return false;
  }

  #takeLooks(state: State): void {
    for (let before = -1; before < this.#taken.length; ) {
      before = this.#taken.length;
      const deadline = this.#deadline();
      for (const [index, deed] of this.#deeds.entries()) {
        if (deed.invoked > deadline) break;
        if (this.#isDone[index] === true || deed.changes || deed.apply(state) === undefined) continue;
        this.#take(index);
      }
    }
  }

  /** What comes next was invoked before this: the first return among what must still take effect. */
  #deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    for (const [index, { isCertain, returned }] of this.#deeds.entries()) {
      if (isCertain && this.#isDone[index] !== true && returned < deadline) deadline = returned;
    }
    return deadline;
  }

  /** What comes next returned after this: the last invocation among what took effect. */
  #floor(): number {
    return this.#taken.reduce((floor, index) => Math.max(floor, this.#deeds[index]?.invoked ?? 0), 0);
  }

  #take(index: number): void {
    this.#isDone[index] = true;
    this.#taken.push(index);
    if (this.#deeds[index]?.isCertain === true) this.#certainLeft--;
  }

  #takeBack(): void {
    const index = this.#taken.pop();
    if (index === undefined) return;
    this.#isDone[index] = false;
    if (this.#deeds[index]?.isCertain === true) this.#certainLeft++;
  }

  #noteFurthest(state: State): void {
    if (this.#certainLeft >= this.#fewestLeft) return;
    this.#fewestLeft = this.#certainLeft;
    const deadline = this.#deadline();
    const stuck = this.#deeds.filter(
      (deed, index) => deed.isCertain && this.#isDone[index] !== true && deed.invoked < deadline,
    );
    this.#furthest = { state, stuck };
  }
}
