import { compileGlob, isGlob, mayShareText } from "./glob.js";

/** Something that decides for some agents. */
interface ForAgents {
  /** Names and globs; empty for every agent. */
  readonly appliesTo: readonly string[];
}

/** Agents whose item is kept. Their names come from outside, so there must be a bound. */
const KEPT_MAX = 4_096;

/**
 * Policies, or what stands for them, of which several decide, each for its agents. For an agent the one decides that
 * names it most closely: an exact name is closer than a glob, a glob with more characters of its own than one with
 * fewer, and one for every agent comes last. Two are never joined.
 */
export class PolicySet<Item extends ForAgents> {
  readonly items: readonly Item[];
  /** Where there is one for every agent and no other. */
  readonly #only: Item | null;
  #kept = new Map<string, Item | null>();

  /** @param items - Among which {@link rivalsAmong} finds none; of rivals the first would decide. */
  constructor(items: readonly Item[]) {
    this.items = items;
    const [first] = items;
    this.#only = items.length === 1 && first?.appliesTo.length === 0 ? first : null;
  }

  /** The one that decides for an agent; null where none is for it. */
  itemFor(agentId: string): Item | null {
    if (this.#only !== null) return this.#only;
    const known = this.#kept.get(agentId);
    if (known !== undefined) return known;
    if (this.#kept.size >= KEPT_MAX) this.#kept = new Map();
    const chosen = this.#choose(agentId);
    this.#kept.set(agentId, chosen);
    return chosen;
  }

  #choose(agentId: string): Item | null {
    let chosen: Item | null = null;
    let most = -1;
    for (const item of this.items) {
      const closeness = closenessTo(item, agentId);
      if (closeness > most) [chosen, most] = [item, closeness];
    }
    return chosen;
  }
}

/** How closely an item names an agent; −1 where it is not for it. */
function closenessTo({ appliesTo }: ForAgents, agentId: string): number {
  if (appliesTo.length === 0) return 0;
  return appliesTo.reduce((most, name) => {
    return compileGlob(name)(agentId) ? Math.max(most, closenessOf(name)) : most;
  }, -1);
}

/** Of a name or glob, whichever agent it is held against. */
function closenessOf(name: string): number {
  return isGlob(name) ? 1 + name.replaceAll("*", "").length : Number.POSITIVE_INFINITY;
}

/** Two items, and the names by which both are as close to some agent. */
export interface Rivals<Item> {
  readonly first: Item;
  readonly second: Item;
  /** Of either, a name or a glob; `*` for one that is for every agent. */
  readonly names: readonly [string, string];
}

/** The first two of which nobody could say which decides for some agent; null where there are none. */
export function rivalsAmong<Item extends ForAgents>(items: readonly Item[]): Rivals<Item> | null {
  for (const [place, first] of items.entries()) {
    for (const second of items.slice(place + 1)) {
      const names = sharedNames(first, second);
      if (names !== null) return { first, second, names };
    }
  }
  return null;
}

function sharedNames(first: ForAgents, second: ForAgents): [string, string] | null {
  if (first.appliesTo.length === 0 && second.appliesTo.length === 0) return ["*", "*"];
  for (const left of first.appliesTo) {
    for (const right of second.appliesTo) {
      if (closenessOf(left) === closenessOf(right) && mayShareText(left, right)) return [left, right];
    }
  }
  return null;
}
