import type { JsonValue } from "@faramesh/protocol";

/** Deep equality of JSON values. Nothing is coerced: 1, "1" and true are three values. */
export function jsonEquals(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => equalsAt(right, at, item));
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => memberEquals(left, right, key));
}

function equalsAt(items: readonly JsonValue[], index: number, item: JsonValue): boolean {
  const other = items[index];
  return other !== undefined && jsonEquals(item, other);
}

function memberEquals(
  left: Readonly<Record<string, JsonValue>>,
  right: Readonly<Record<string, JsonValue>>,
  key: string,
): boolean {
  const here = left[key];
  const there = Object.hasOwn(right, key) ? right[key] : undefined;
  return here !== undefined && there !== undefined && jsonEquals(here, there);
}
