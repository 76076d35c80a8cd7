import { canonicalJson, type JsonObject, type JsonValue } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../../limits.js";
import { kept } from "./kept.js";

/** Something in a list whose order may have a meaning, as it is compared. */
export interface Item {
  readonly id: string;
  /** In its normal form. */
  readonly content: JsonObject;
  /** Whether the document gives the id; one that is made from place and content says nothing about what it was before. */
  readonly isNamed: boolean;
}

/** One part of what changed: `match.tool`, `effect`; null where there was, or is, none. */
export interface FieldChange {
  readonly field: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** What became of one item. */
export interface ItemChange {
  readonly id: string;
  /** `changed` may have moved, too: its places tell. */
  readonly kind: "added" | "removed" | "changed" | "moved";
  /** Its place in the list before, from 1; null where it is new. */
  readonly before: number | null;
  /** Its place in the list after; null where it is gone. */
  readonly after: number | null;
  /** What changed in it, for `changed`. */
  readonly fields: readonly FieldChange[];
}

/**
 * Compares two lists: which items are new, gone, other than before, or in another order. As few as possible are said to
 * have moved.
 */
export function diffItems(before: readonly Item[], after: readonly Item[]): ItemChange[] {
  const placeBefore = pairs(before, after);
  const stay = kept(after.map((_, place) => placeBefore.get(place) ?? null));
  const pairedBefore = new Set(placeBefore.values());
  const removed = before.flatMap(({ id }, place): ItemChange[] => {
    return pairedBefore.has(place) ? [] : [{ id, kind: "removed", before: place + 1, after: null, fields: [] }];
  });
  const others = after.flatMap((item, place): ItemChange[] => {
    const was = placeBefore.get(place);
    const places = { id: item.id, before: was === undefined ? null : was + 1, after: place + 1 };
    const previous = was === undefined ? undefined : before[was];
    if (previous === undefined) return [{ ...places, kind: "added", fields: [] }];
    const fields = changedFields(previous.content, item.content);
    if (fields.length > 0) return [{ ...places, kind: "changed", fields }];
    return stay.has(place) ? [] : [{ ...places, kind: "moved", fields: [] }];
  });
  return [...removed, ...others];
}

/** Which place before each place after stands for: by id, and for items without one by what they say. */
function pairs(before: readonly Item[], after: readonly Item[]): Map<number, number> {
  const byKey = new Map<string, number[]>();
  before.forEach((item, place) => {
    const places = byKey.get(keyOf(item));
    if (places === undefined) byKey.set(keyOf(item), [place]);
    else places.push(place);
  });
  const paired = new Map<number, number>();
  after.forEach((item, place) => {
    const was = byKey.get(keyOf(item))?.shift();
    if (was !== undefined) paired.set(place, was);
  });
  return paired;
}

function keyOf({ id, content, isNamed }: Item): string {
  return isNamed ? `id ${id}` : `content ${canonicalJson(content, POLICY_LIMITS.contentNestingMax)}`;
}

function changedFields(before: JsonObject, after: JsonObject): FieldChange[] {
  const [old, now] = [flattened(before), flattened(after)];
  const fields = [...new Set([...old.keys(), ...now.keys()])].sort();
  return fields.flatMap((field) => {
    const change = { field, before: old.get(field) ?? null, after: now.get(field) ?? null };
    return textOf(change.before) === textOf(change.after) ? [] : [change];
  });
}

/** Maps within are told by their fields; lists are told whole. */
function flattened(content: JsonObject, prefix = ""): Map<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(content)) {
    const field = `${prefix}${key}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) fields.set(field, value);
    else for (const [name, inner] of flattened(value, `${field}.`)) fields.set(name, inner);
  }
  return fields;
}

function textOf(value: JsonValue): string {
  return canonicalJson(value, POLICY_LIMITS.contentNestingMax);
}
