import type { JsonValue } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import { keySpot } from "./closed-map.js";
import type { Condition } from "./condition.js";
import { fieldConditions, valueCondition } from "./conditions.js";
import type { MapEntry, MapNode } from "./document.js";
import { equalTo } from "./operators/equality.js";
import { readOrdering } from "./operators/ordering.js";
import { pathTexts } from "./operators/path-readings.js";
import { readTextOperands } from "./operators/text.js";
import { parsePath } from "./path.js";
import { jsonOf, readText, readTexts } from "./scalars.js";
import { FALSE, truthOf, UNKNOWN } from "./truth.js";
import type { Reading, ValueTest } from "./value-test.js";

type ShorthandReader = (entry: MapEntry, reading: Reading) => Condition[] | null;

/** Keys of a match that stand for a condition on a well-known field. */
export const SHORTHANDS: ReadonlyMap<string, ShorthandReader> = new Map([
  ["amount_gt", amount("gt")],
  ["amount_gte", amount("gte")],
  ["amount_lt", amount("lt")],
  ["amount_lte", amount("lte")],
  ["path_contains", pathText("contains")],
  ["path_starts_with", pathText("starts_with")],
  ["path_ends_with", pathText("ends_with")],
  ["method", method],
  ["branch", branch],
]);

/** `params.<name>`, or where that is missing `context.<name>`. */
function fallingBack(name: string): (action: CanonicalAction) => JsonValue | undefined {
  return ({ params, context }) => {
    if (Object.hasOwn(params, name)) return params[name];
    return context !== undefined && Object.hasOwn(context, name) ? context[name] : undefined;
  };
}

function shorthand(name: string, test: ValueTest, entry: MapEntry): Condition[] {
  return [valueCondition(name, fallingBack(name), test, keySpot(entry))];
}

function amount(operator: string): ShorthandReader {
  return (entry, reading) => {
    const test = readOrdering(operator, entry.value, reading);
    return test === null ? null : shorthand("amount", test, entry);
  };
}

/** A text that is met only by some of the paths it may be read as (`..`, `//`, escapes) cannot be judged. */
function pathText(operator: string): ShorthandReader {
  return (entry, reading) => {
    const read = readTextOperands(operator, entry.value, reading);
    if (read === null) return null;
    const judge: ValueTest["judge"] = (value) => {
      if (value === undefined) return FALSE;
      const texts = typeof value === "string" ? pathTexts(value) : null;
      if (texts === null) return UNKNOWN;
      const met = texts.filter(read.test).length;
      return met === 0 || met === texts.length ? truthOf(met > 0) : UNKNOWN;
    };
    return shorthand("path", { operator, operand: read.operand, judge }, entry);
  };
}

/** HTTP methods differ in case from client to client, so case does not count. */
function method(entry: MapEntry, { report }: Reading): Condition[] | null {
  const texts = readTexts(entry.value, "method", 100, report);
  if (texts === null) return null;
  const methods = texts.map((text) => text.toUpperCase()).sort();
  const judge: ValueTest["judge"] = (value) => {
    if (value === undefined) return FALSE;
    return typeof value === "string" ? truthOf(methods.includes(value.toUpperCase())) : UNKNOWN;
  };
  return shorthand("method", { operator: "in", operand: methods, judge }, entry);
}

function branch(entry: MapEntry, { report }: Reading): Condition[] | null {
  const branches = readTexts(entry.value, "branch", 1_000, report);
  if (branches === null) return null;
  if (branches.some((name) => name.includes("*"))) {
    const cure = "write params: { branch: { glob: … } }";
    report.warning(entry.value, "literal_wildcard", "branch compares the whole name: * stands for itself here", cure);
  }
  const judge: ValueTest["judge"] = (value) => {
    if (value === undefined) return FALSE;
    return typeof value === "string" ? truthOf(branches.includes(value)) : UNKNOWN;
  };
  return shorthand("branch", { operator: "in", operand: [...branches].sort(), judge }, entry);
}

/** `field` with `value`: equality of one param. Null after reporting; no condition where neither is given. */
export function readFieldAndValue(map: MapNode, { report }: Reading): Condition[] | null {
  const field = map.entries.get("field");
  const value = map.entries.get("value");
  if (field === undefined && value === undefined) return [];
  if (field === undefined || value === undefined) {
    const given = field ?? value;
    const message = "field and value belong together: half a condition would match everything";
    report.error(
      given === undefined ? map : keySpot(given),
      "incomplete_condition",
      message,
      "write field: name and value: text",
    );
    return null;
  }
  const text = readText(field.value, "field", 500, report);
  const path = text === null ? null : parsePath(text);
  if (text !== null && path === null)
    report.error(
      field.value,
      "invalid_path",
      `${JSON.stringify(text)} is not a path`,
      "write it as a, a.b, items[0].sku or items[*].price",
    );
  return path === null ? null : fieldConditions("params", path, [equalTo(jsonOf(value.value))], keySpot(field));
}
