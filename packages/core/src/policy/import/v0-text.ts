import type { JsonObject } from "@faramesh/protocol";
import { compilePattern } from "../pattern.js";
import type { ImportNotes, Matches, V0Effect } from "./imported.js";

/** What the JSON text of params has and their values have not: quotes, brackets, colons, escapes. */
const JSON_SYNTAX = /["\\{}[\]:,]/;

/** A word that may be the name of a param. */
const WORD = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * `contains` and `pattern` looked at the JSON text of all params, keys, quotes and escapes included. Here they look at
 * each value as it is.
 */
export function textConditions(
  given: Record<string, unknown>,
  effect: V0Effect,
  at: string,
  notes: ImportNotes,
): Matches | null {
  const contains = convertContains(given["contains"], effect, `${at}.contains`, notes);
  const pattern = convertPattern(given["pattern"], effect, `${at}.pattern`, notes);
  if (contains === null || pattern === null) return null;
  return contains.flatMap((left) => pattern.map((right): JsonObject => ({ ...left, ...right })));
}

function convertContains(value: unknown, effect: V0Effect, at: string, notes: ImportNotes): Matches | null {
  if (value === undefined || value === "") return [{}];
  if (effect === "allow") return dropped(at, notes);
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return widened(at, notes);
  const text = String(value);
  if (JSON_SYNTAX.test(text)) return widened(at, notes);
  notes.note(
    "other",
    at,
    "it looked at the JSON text of all params, where a tab is written \\t; here it looks at each value",
  );
  if (!WORD.test(text) || effect !== "deny") return [{ contains: text }];
  notes.note("same", at, "it also saw the names of params; a rule of its own says so for a param of this name");
  return [{ contains: text }, { params: { [text]: { exists: true } } }];
}

function convertPattern(value: unknown, effect: V0Effect, at: string, notes: ImportNotes): Matches | null {
  if (value === undefined) return [{}];
  if (typeof value !== "string") {
    notes.note("same", at, "only a text ever matched, so the rule never did: it is left out");
    return null;
  }
  if (effect === "allow") return dropped(at, notes);
  if (compilePattern(value) === null) {
    notes.note(
      "stricter",
      at,
      "this pattern is none that can be used, and silently never matched; the rule holds without it",
    );
    return [{}];
  }
  if (/["{}:]/.test(value.replace(/\{\d*,?\d*\}|\(\?[a-zA-Z:=!<P]/g, ""))) return widened(at, notes);
  notes.note(
    "other",
    at,
    "it looked at the JSON text of all params, where a tab is written \\t; here it looks at each value",
  );
  return [{ pattern: value }];
}

function dropped(at: string, notes: ImportNotes): null {
  notes.note(
    "stricter",
    at,
    "an unrelated param could meet it, so nothing is allowed by it: the rule is left out; name the param it is about",
  );
  return null;
}

function widened(at: string, notes: ImportNotes): Matches {
  notes.note(
    "stricter",
    at,
    "it was about how JSON writes params, which nothing here looks at; the rule holds without it",
  );
  return [{}];
}
