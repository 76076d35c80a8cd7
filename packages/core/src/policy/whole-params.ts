import type { JsonValue } from "@faramesh/protocol";
import { keySpot, kindOf } from "./closed-map.js";
import type { Condition } from "./condition.js";
import type { DocumentNode, MapEntry } from "./document.js";
import type { Report } from "./report.js";
import { truthOf } from "./truth.js";
import type { Reading } from "./value-test.js";

/**
 * `contains` and `pattern` of a match, one or a list: some text, number or boolean anywhere in `params` meets one of
 * them. Each is looked at as decoded, never as JSON text, so no escape, tab or letter beyond ASCII hides anything. Keys
 * are not looked at.
 */
export function readWholeParams(entry: MapEntry, reading: Reading): Condition[] | null {
  const { key, value: node } = entry;
  const items = node.kind === "list" ? node.items : [node];
  if (items.length === 0) {
    reading.report.error(node, "empty", `${key} must not be an empty list`, "name one, or leave it out");
    return null;
  }
  const tests = items.map((item) => readTest(key, item, reading));
  if (!tests.every((test) => test !== null)) return null;
  const wanted = [...new Set(tests.map((test) => test.wanted))].sort();
  const [only = ""] = wanted;
  const test = (text: string): boolean => tests.some((each) => each.isIn(text));
  return [
    {
      path: "params",
      operator: key,
      operand: wanted.length === 1 ? only : wanted,
      evaluate: (action) => truthOf(someLeaf(action.params, test)),
      see: (action) => action.params,
      judge: null,
      ifMissing: null,
      spot: keySpot(entry),
    },
  ];
}

interface TextTest {
  readonly wanted: string;
  readonly isIn: (text: string) => boolean;
}

function readTest(key: string, node: DocumentNode, { patterns, report }: Reading): TextTest | null {
  const wanted = readWanted(key, node, report);
  if (wanted === null) return null;
  const isIn = key === "pattern" ? patterns.compile(wanted, node, report) : has(wanted);
  return isIn === null ? null : { wanted, isIn };
}

function readWanted(key: string, node: DocumentNode, report: Report): string | null {
  const value = node.kind === "scalar" ? node.value : null;
  if (typeof value === "string" && value !== "") return value;
  if (key === "contains" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (value === "") report.error(node, "empty", `${key} must not be empty: it would match everything`, "leave it out");
  else report.error(node, "wrong_type", `${key} must be text, not ${kindOf(node)}`, "put it in quotes");
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
