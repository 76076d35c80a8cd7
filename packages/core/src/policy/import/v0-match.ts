import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { type ImportNotes, isRecord, type Matches, type V0Effect } from "./imported.js";
import { textConditions } from "./v0-text.js";

const AMOUNTS = ["amount_gt", "amount_gte", "amount_lt", "amount_lte"] as const;
const PATHS = ["path_contains", "path_starts_with", "path_ends_with"] as const;

/** Keys that the older engine knows. Others it refused in rules, and passed over in risk rules. */
export const V0_KEYS: readonly string[] = [
  ...["tool", "op", "agent_id", "contains", "pattern", "method", "branch", "field", "value"],
  ...AMOUNTS,
  ...PATHS,
];

/**
 * Translates a match of the older language so that it never comes out looser: what cannot be said exactly makes a rule
 * that allows vanish, and one that protects wider.
 */
export function convertMatch(
  match: Record<string, unknown>,
  effect: V0Effect,
  at: string,
  notes: ImportNotes,
): Matches {
  const given = Object.fromEntries(Object.entries(match).filter(([key, value]) => isGiven(key, value, at, notes)));
  const names = convertNames(given, effect, at, notes);
  const amounts = convertAmounts(given, effect, at, notes);
  const field = convertField(match, effect, at, notes);
  const texts = textConditions(given, effect, at, notes);
  const words = convertWords(given, at, notes);
  if (names === null || amounts === null || field === null || texts === null || words === null) return [];
  const fixed: JsonObject = { ...names, ...words };
  const alternatives = joined([[fixed], amounts, field, texts]);
  return alternatives.map((each) => (Object.keys(each).length === 0 ? { any: true } : each));
}

/** A condition of null was passed over, and so was a lone `*`. */
function isGiven(key: string, value: unknown, at: string, notes: ImportNotes): boolean {
  if (!V0_KEYS.includes(key)) {
    notes.note("same", `${at}.${key}`, "the older engine did not know this key and passed over it; so does the import");
    return false;
  }
  return value !== null && !(value === "*" && ["tool", "op", "agent_id"].includes(key));
}

function convertNames(
  given: Record<string, unknown>,
  effect: V0Effect,
  at: string,
  notes: ImportNotes,
): JsonObject | null {
  const names: JsonObject = {};
  for (const [key, ours] of [
    ["tool", "tool"],
    ["op", "operation"],
    ["agent_id", "agent_id"],
  ] as const) {
    const name = given[key];
    if (name === undefined) continue;
    if (typeof name !== "string" || name === "") {
      notes.note("same", `${at}.${key}`, "only a text ever matched, so the rule never did: it is left out");
      return null;
    }
    if (name.includes("*")) {
      if (effect !== "deny") {
        notes.note(
          "stricter",
          `${at}.${key}`,
          `${name} stood for itself and never matched; here it would be a glob, so the rule is left out`,
        );
        return null;
      }
      notes.note(
        "stricter",
        `${at}.${key}`,
        `${name} stood for itself; here it is a glob, so the rule denies what it seemed to`,
      );
    }
    if (key === "agent_id") {
      notes.note(
        "other",
        `${at}.agent_id`,
        "it was read from context or params, where an agent could write it; here it is the agent that the gate knows",
      );
    }
    names[ours] = name;
  }
  return names;
}

function convertWords(given: Record<string, unknown>, at: string, notes: ImportNotes): JsonObject | null {
  const words: JsonObject = {};
  for (const key of ["method", "branch", ...PATHS]) {
    const word = given[key];
    if (word === undefined) continue;
    if (typeof word !== "string" && typeof word !== "number") {
      notes.note("same", `${at}.${key}`, "only a text ever matched, so the rule never did: it is left out");
      return null;
    }
    if (key.startsWith("path_")) {
      notes.note(
        "stricter",
        `${at}.${key}`,
        "a path is read however its .., // and escapes may be, and is a text; it was searched as it was written",
      );
    }
    words[key] = String(word);
  }
  return words;
}

/** A missing amount counted as 0. */
function convertAmounts(
  given: Record<string, unknown>,
  effect: V0Effect,
  at: string,
  notes: ImportNotes,
): Matches | null {
  const bounds = AMOUNTS.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]] as const]));
  if (bounds.length === 0) return [{}];
  const unusable = bounds.find(([, bound]) => typeof bound !== "number" || !Number.isFinite(bound));
  if (unusable !== undefined) {
    notes.note("same", `${at}.${unusable[0]}`, "its bound is no number, so the rule never matched: it is left out");
    return null;
  }
  const present = Object.fromEntries(bounds) as JsonObject;
  const zeroMeets = bounds.every(([key, bound]) => meets(key, Number(bound)));
  notes.note(
    "stricter",
    `${at}.${bounds[0]?.[0] ?? ""}`,
    '"nan", "inf", true and the like passed every comparison; here they cannot be judged, and nothing is allowed by them',
  );
  if (!zeroMeets) return [present];
  if (effect === "allow") {
    notes.note(
      "stricter",
      `${at}.${bounds[0]?.[0] ?? ""}`,
      "a missing amount counted as 0 and was allowed; here a missing amount does not meet it",
    );
    return [present];
  }
  notes.note("same", `${at}.${bounds[0]?.[0] ?? ""}`, "a missing amount counted as 0; a rule of its own says so here");
  const missing = { amount: { exists: false } };
  return [present, { params: missing, context: missing }];
}

function meets(key: (typeof AMOUNTS)[number], bound: number): boolean {
  if (key === "amount_gt") return bound < 0;
  if (key === "amount_gte") return bound <= 0;
  return key === "amount_lt" ? bound > 0 : bound >= 0;
}

/** Half of it was passed over, and a missing field equalled null. */
function convertField(
  match: Record<string, unknown>,
  effect: V0Effect,
  at: string,
  notes: ImportNotes,
): Matches | null {
  const { field, value } = match;
  const hasValue = Object.hasOwn(match, "value");
  if (typeof field !== "string" || field === "" || !hasValue) {
    if (field === undefined && !hasValue) return [{}];
    if (field === null && !hasValue) return [{}];
    if (effect === "allow") {
      notes.note(
        "stricter",
        `${at}.field`,
        "half a condition was passed over, so the rule allowed everything: it is left out",
      );
      return null;
    }
    notes.note("same", `${at}.field`, "half a condition was passed over; so it is here");
    return [{}];
  }
  const equal = { field, value: value as JsonValue };
  if (value !== null) return [equal];
  if (effect === "allow") {
    notes.note("stricter", `${at}.value`, "a missing field equalled null; here it does not");
    return [equal];
  }
  return [equal, { params: { [field]: { exists: false } } }];
}

/** Every combination of one of each; maps of params and context are joined. */
function joined(parts: readonly Matches[]): Matches {
  return parts.reduce<Matches>(
    (found, alternatives) => found.flatMap((left) => alternatives.map((right) => merged(left, right))),
    [{}],
  );
}

function merged(left: JsonObject, right: JsonObject): JsonObject {
  const both: JsonObject = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const known = both[key];
    both[key] = isRecord(known) && isRecord(value) ? ({ ...known, ...value } as JsonObject) : value;
  }
  return both;
}
