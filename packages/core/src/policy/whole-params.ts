import type { JsonValue } from "@faramesh/protocol";
import { keySpot, kindOf } from "./closed-map.js";
import type { Condition } from "./condition.js";
import type { MapEntry } from "./document.js";
import { truthOf } from "./truth.js";
import type { Reading } from "./value-test.js";

/**
 * `contains` and `pattern` of a match: some text, number or boolean anywhere in `params` meets it. Each is looked at
 * as decoded, never as JSON text, so no escape, tab or letter beyond ASCII hides anything. Keys are not looked at.
 */
export function readWholeParams(entry: MapEntry, reading: Reading): Condition[] | null {
  const wanted = readWanted(entry, reading);
  if (wanted === null) return null;
  const spot = keySpot(entry);
  const test = entry.key === "pattern" ? reading.patterns.compile(wanted, entry.value, reading.report) : has(wanted);
  if (test === null) return null;
  return [
    {
      path: "params",
      operator: entry.key,
      operand: wanted,
      evaluate: (action) => truthOf(someLeaf(action.params, test)),
      see: (action) => action.params,
      judge: null,
      spot,
    },
  ];
}

function readWanted(entry: MapEntry, { report }: Reading): string | null {
  const value = entry.value.kind === "scalar" ? entry.value.value : null;
  if (typeof value === "string" && value !== "") return value;
  if (entry.key === "contains" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (value === "")
    report.error(entry.value, "empty", `${entry.key} must not be empty: it would match everything`, "leave it out");
  else
    report.error(
      entry.value,
      "wrong_type",
      `${entry.key} must be text, not ${kindOf(entry.value)}`,
      "put it in quotes",
    );
  return null;
}

function has(wanted: string): (text: string) => boolean {
  return (text) => text.includes(wanted);
}

function someLeaf(value: JsonValue, test: (text: string) => boolean): boolean {
  if (typeof value === "string") return test(value);
  if (value === null) return false;
  if (typeof value !== "object") return test(String(value));
  if (Array.isArray(value)) return value.some((item) => someLeaf(item, test));
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member !== undefined && someLeaf(member, test)) return true;
  }
  return false;
}
