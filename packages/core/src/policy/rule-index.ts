import type { Scope } from "./match.js";

/** Something that is for some tools and operations, in its order. */
interface Scoped {
  readonly scope: Scope;
  readonly order: number;
}

/** Finds what is for a tool and an operation, without looking at what names others. */
export class RuleIndex<Item extends Scoped> {
  /** Items whose tools and operations are all exact, by both. */
  readonly #exact = new Map<string, Map<string, Item[]>>();
  /** Items with exact tools and a glob or any operation, by tool. */
  readonly #byTool = new Map<string, Item[]>();
  readonly #others: Item[] = [];

  constructor(items: readonly Item[]) {
    for (const item of items) this.#place(item);
  }

  /** All items for this tool and operation, in order. */
  select(tool: string, operation: string): readonly Item[] {
    const exact = this.#exact.get(tool)?.get(operation) ?? [];
    const byTool = this.#byTool.get(tool)?.filter((item) => item.scope.operations.matches(operation)) ?? [];
    const others = this.#others.filter(({ scope }) => scope.tools.matches(tool) && scope.operations.matches(operation));
    if (byTool.length === 0 && others.length === 0) return exact;
    return [...exact, ...byTool, ...others].sort((left, right) => left.order - right.order);
  }

  #place(item: Item): void {
    const { tools, operations } = item.scope;
    if (tools.exact === null) {
      this.#others.push(item);
      return;
    }
    for (const tool of tools.exact) {
      if (operations.exact === null) append(this.#byTool, tool, item);
      else for (const operation of operations.exact) append(entryOf(this.#exact, tool), operation, item);
    }
  }
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
