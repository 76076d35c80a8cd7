import { kindOf } from "./closed-map.js";
import type { DocumentNode } from "./document.js";
import type { Reading } from "./value-test.js";

/** Reads a list of so many items at the most; what is wrong with an item is reported, and it is left out. */
export function readList<Item>(
  node: DocumentNode,
  what: string,
  max: number,
  reading: Reading,
  read: (node: DocumentNode, order: number, reading: Reading) => Item | null,
): Item[] {
  if (node.kind !== "list") {
    reading.report.error(
      node,
      "wrong_type",
      `${what} must be a list, not ${kindOf(node)}`,
      "write a - before each entry",
    );
    return [];
  }
  if (node.items.length > max) {
    const message = `${what} has ${node.items.length} entries, more than ${max}`;
    reading.report.error(node, "too_large", message, "split it into several policies");
    return [];
  }
  return node.items.flatMap((item, order) => read(item, order, reading) ?? []);
}
