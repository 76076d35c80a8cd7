import { nearestName } from "../action/nearest-name.js";
import type { DocumentNode, MapEntry, MapNode } from "./document.js";
import type { Report, Spot } from "./report.js";

/** The place of a key itself, for what is wrong with the key and not with its value. */
export function keySpot(entry: MapEntry): Spot {
  return { place: entry.value.place, offset: entry.keyOffset };
}

/** A node as a map, or null after reporting that it is none. */
export function asMap(node: DocumentNode, what: string, report: Report): MapNode | null {
  if (node.kind === "map") return node;
  report.error(node, "wrong_type", `${what} must be a map, not ${kindOf(node)}`, "write key: value pairs there");
  return null;
}

/**
 * Reports every key that means nothing here: a typo must never be a rule that silently does nothing.
 *
 * @param reserved - Keys that the language keeps for what this version cannot do yet. They are refused as that, and not
 *   offered as a cure.
 */
export function reportUnknownKeys(
  map: MapNode,
  known: readonly string[],
  what: string,
  report: Report,
  reserved: Readonly<Record<string, string>> = {},
): void {
  for (const entry of map.entries.values()) {
    if (known.includes(entry.key)) continue;
    if (Object.hasOwn(reserved, entry.key)) reportNotYet(entry, reserved[entry.key], report);
    else reportUnknown(entry, known, what, report);
  }
}

function reportUnknown(entry: MapEntry, known: readonly string[], what: string, report: Report): void {
  const cure = (): string => {
    const nearest = nearestName(entry.key, known);
    return nearest === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${JSON.stringify(nearest)}?`;
  };
  report.error(keySpot(entry), "unknown_key", `${JSON.stringify(entry.key)} is not a key of ${what}`, cure);
}

function reportNotYet(entry: MapEntry, purpose: string | undefined, report: Report): void {
  report.error(keySpot(entry), "not_yet", `${entry.key} (${purpose}) is not supported yet`, "remove it");
}

/** How a value is named in a message. */
export function kindOf(node: DocumentNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? "text" : `the ${typeof node.value} ${node.value}`;
}
