import type { JsonObject, JsonValue } from "@faramesh/protocol";
import type { DocumentNode, MapEntry } from "../document.js";
import type { Policy } from "../policy.js";
import { KEY_MARK, type PackedPolicy } from "./packed-policy.js";

/** Makes plain values of a policy that loaded. Its tests stay behind: they have been run. */
export function packPolicy({ id, hash, appliesTo, packs, rules: summaries, compiled }: Policy): PackedPolicy {
  const { profiles, rules, riskRules } = compiled.content;
  return {
    id,
    hash,
    appliesTo,
    packs,
    profiles: profiles.map(({ node }) => sourceOf(node)),
    riskRules: withOwnOrder(riskRules).map(({ node, order, ownOrder, pack }) => {
      return { source: sourceOf(node), order, ownOrder, pack };
    }),
    rules: withOwnOrder(rules).map(({ node, order, ownOrder, pack }) => {
      const summary = summaries[order];
      if (summary === undefined) throw new Error(`rule ${order} of the policy ${id} has no summary`);
      return { source: sourceOf(node), order, ownOrder, pack, summary };
    }),
  };
}

interface Ordered {
  readonly node: DocumentNode;
  readonly order: number;
  readonly pack: string | null;
}

/** Where each stands among those of its own document: ids that nobody gave are made from that. */
function withOwnOrder<Item extends Ordered>(items: readonly Item[]): (Item & { readonly ownOrder: number })[] {
  const first = new Map<string | null, number>();
  return items.map((item) => {
    const begin = first.get(item.pack) ?? item.order;
    first.set(item.pack, begin);
    return { ...item, ownOrder: item.order - begin };
  });
}

function sourceOf(node: DocumentNode): string {
  if (node.kind !== "map") return JSON.stringify(jsonInOrder(node));
  return JSON.stringify(membersOf([...node.entries.values()].filter(({ key }) => key !== "tests")));
}

/** A node as JSON that keeps the order of its keys, which those of digits alone would not. */
function jsonInOrder(node: DocumentNode): JsonValue {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(jsonInOrder);
    case "map":
      return membersOf([...node.entries.values()]);
  }
}

function membersOf(entries: readonly MapEntry[]): JsonObject {
  return Object.fromEntries(entries.map(({ key, value }) => [KEY_MARK + key, jsonInOrder(value)]));
}
