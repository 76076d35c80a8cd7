import type { Scope } from "./match.js";
import type { Names } from "./names.js";

/** Something that is for some tools and operations, in its order. */
interface Scoped {
  readonly scope: Scope;
  readonly order: number;
}

/** Pairs of tool and operation that one item is placed under, at most. */
const PAIRS_MAX = 64;

/** Finds what is for a tool and an operation, without looking at what names others. */
export class RuleIndex<Item extends Scoped> {
  /** Items whose tools and operations are all exact, and few, by both. */
  readonly #exact = new Map<string, Map<string, Item[]>>();
  /** Items with exact tools and a glob, any or many operations, by tool. */
  readonly #byTool = new Map<string, Item[]>();
  /** Items with a glob among their tools, none of which begins with `*`, by what the tools begin with. */
  readonly #byBeginning = new Map<string, Item[]>();
  /** The lengths of those beginnings, each once. */
  readonly #beginningChars = new Set<number>();
  /** Everything else. */
  readonly #others: Item[] = [];

  constructor(items: readonly Item[]) {
    for (const item of items) this.#place(item);
  }

  /** All items for this tool and operation, in order. */
  select(tool: string, operation: string): readonly Item[] {
    const exact = this.#exact.get(tool)?.get(operation) ?? [];
    const byTool = this.#byTool.get(tool)?.filter((item) => item.scope.operations.matches(operation)) ?? [];
    const others = [...this.#begunAs(tool), ...this.#others].filter(
      ({ scope }) => scope.tools.matches(tool) && scope.operations.matches(operation),
    );
    if (byTool.length === 0 && others.length === 0) return exact;
    return [...exact, ...byTool, ...others].sort((left, right) => left.order - right.order);
  }

  /** Items of which a tool's name may be one by how it begins, each once. */
  #begunAs(tool: string): Set<Item> {
    const found = new Set<Item>();
    for (const chars of this.#beginningChars) {
      for (const item of this.#byBeginning.get(tool.slice(0, chars)) ?? []) found.add(item);
    }
    return found;
  }

  #place(item: Item): void {
    const { tools, operations } = item.scope;
    if (tools.exact === null) {
      this.#placeByBeginning(item);
      return;
    }
    const isPaired = operations.exact !== null && tools.exact.length * operations.exact.length <= PAIRS_MAX;
    for (const tool of tools.exact) {
      if (!isPaired) append(this.#byTool, tool, item);
      else for (const operation of operations.exact) append(entryOf(this.#exact, tool), operation, item);
    }
  }

  #placeByBeginning(item: Item): void {
    const beginnings = beginningsOf(item.scope.tools);
    if (beginnings.length === 0 || beginnings.includes("")) {
      this.#others.push(item);
      return;
    }
    for (const beginning of new Set(beginnings)) {
      append(this.#byBeginning, beginning, item);
      this.#beginningChars.add(beginning.length);
    }
  }
}

/** What each name has before its first `*`; none for any name. */
function beginningsOf({ listed }: Names): string[] {
  return listed.map((name) => name.split("*", 1)[0] ?? "");
}

function entryOf<Item>(maps: Map<string, Map<string, Item>>, key: string): Map<string, Item> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const created = new Map<string, Item>();
  maps.set(key, created);
  return created;
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
