import { OUTCOMES, REASON_CODES, RISK_LEVELS } from "@faramesh/protocol";
import { type CanonicalAction, canonicalizeAction } from "../../action/canonicalize.js";
import { InvalidActionError } from "../../action/invalid-action.js";
import { readActionRequest } from "../../action/read-action.js";
import { POLICY_LIMITS } from "../../limits.js";
import { asMap, kindOf, reportUnknownKeys } from "../closed-map.js";
import type { DocumentNode, MapNode } from "../document.js";
import type { Position, Report } from "../report.js";
import { jsonOf, readName, readWord } from "../scalars.js";

/** The fields of a decision that a case may pin. */
export const EXPECTED_FIELDS = ["outcome", "rule_id", "reason_code", "risk_level"] as const;
export type ExpectedField = (typeof EXPECTED_FIELDS)[number];

/** One test of a policy: an action, and what must be answered. */
export interface PolicyCase {
  /** What it claims. */
  readonly name: string;
  readonly action: CanonicalAction;
  /** What is not named here may be anything. A `rule_id` of null expects that no rule answers. */
  readonly expect: Readonly<Partial<Record<ExpectedField, string | null>>>;
  readonly at: Position;
}

const CASE_KEYS = ["name", "action", "expect"];
const CURE = "write { name: …, action: { agent_id, tool, operation, params }, expect: { outcome: HALT } }";

/**
 * Reads a list of cases; what is wrong with one is reported, and it is left out.
 *
 * @param ruleId - The rule that the cases stand in: it must answer, unless a case says otherwise. Null for cases of a
 *   whole policy, which must name an outcome.
 */
export function readCases(node: DocumentNode, ruleId: string | null, report: Report): PolicyCase[] {
  if (node.kind !== "list") {
    report.error(node, "wrong_type", `tests must be a list, not ${kindOf(node)}`, CURE);
    return [];
  }
  if (node.items.length > POLICY_LIMITS.casesMax) {
    const message = `tests has ${node.items.length} entries, more than ${POLICY_LIMITS.casesMax}`;
    report.error(node, "too_large", message, "put them into several files");
    return [];
  }
  return node.items.flatMap((item, order) => readCase(item, order, ruleId, report) ?? []);
}

function readCase(node: DocumentNode, order: number, ruleId: string | null, report: Report): PolicyCase | null {
  const map = asMap(node, "a test", report);
  if (map === null) return null;
  reportUnknownKeys(map, CASE_KEYS, "a test", report);
  const name = readCaseName(map, order, ruleId, report);
  const action = readAction(map, report);
  const expect = readExpect(map, ruleId, report);
  if (name === null || action === null || expect === null) return null;
  return { name, action, expect, at: report.positionOf(map) };
}

function readCaseName(map: MapNode, order: number, ruleId: string | null, report: Report): string | null {
  const entry = map.entries.get("name");
  if (entry !== undefined) return readName(entry.value, "name", POLICY_LIMITS.nameCharsMax, report);
  if (ruleId !== null) return `${ruleId} ${order + 1}`;
  report.error(map, "missing_key", "a test needs a name", "say in it what the test claims");
  return null;
}

function readAction(map: MapNode, report: Report): CanonicalAction | null {
  const node = map.entries.get("action")?.value;
  if (node === undefined) {
    report.error(map, "missing_key", "a test needs an action", CURE);
    return null;
  }
  try {
    return canonicalizeAction(readActionRequest(jsonOf(node)));
  } catch (error) {
    if (!(error instanceof InvalidActionError)) throw error;
    for (const { path, message } of error.faults) {
      report.error(node, "invalid_test_action", `the action's ${path} ${message}`, "write it as it would be submitted");
    }
    return null;
  }
}

function readExpect(map: MapNode, ruleId: string | null, report: Report): PolicyCase["expect"] | null {
  const node = map.entries.get("expect")?.value;
  if (node === undefined && ruleId !== null) return { rule_id: ruleId };
  if (node === undefined) {
    report.error(map, "missing_key", "a test needs expect", CURE);
    return null;
  }
  const expected = asMap(node, "expect", report);
  if (expected === null) return null;
  reportUnknownKeys(expected, EXPECTED_FIELDS, "expect", report);
  if (ruleId === null && !expected.entries.has("outcome")) {
    report.error(expected, "missing_key", "expect needs an outcome", `one of ${OUTCOMES.join(", ")}`);
    return null;
  }
  const expect: Partial<Record<ExpectedField, string | null>> = ruleId === null ? {} : { rule_id: ruleId };
  for (const field of EXPECTED_FIELDS) {
    const value = expected.entries.get(field)?.value;
    if (value !== undefined) expect[field] = readExpected(field, value, report);
  }
  return expect;
}

function readExpected(field: ExpectedField, node: DocumentNode, report: Report): string | null {
  switch (field) {
    case "outcome":
      return readWord(node, OUTCOMES, field, report);
    case "reason_code":
      return readWord(node, REASON_CODES, field, report);
    case "risk_level":
      return readWord(node, RISK_LEVELS, field, report);
    case "rule_id": {
      const isNull = node.kind === "scalar" && node.value === null;
      return isNull ? null : readName(node, field, POLICY_LIMITS.nameCharsMax, report);
    }
  }
}
