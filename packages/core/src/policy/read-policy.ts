import type { JsonObject } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../limits.js";
import { asMap, kindOf, reportUnknownKeys } from "./closed-map.js";
import { readCondition } from "./condition.js";
import type { DocumentNode, MapNode } from "./document.js";
import { PatternCompiler } from "./pattern.js";
import type { Report } from "./report.js";
import { type RiskRule, readRiskRule } from "./risk-rule.js";
import { type Rule, readRule } from "./rule.js";
import { readName } from "./scalars.js";
import type { Reading } from "./value-test.js";

/** Everything a document says, each rule compiled. */
export interface PolicyContent {
  readonly name: string | null;
  readonly rules: readonly Rule[];
  readonly riskRules: readonly RiskRule[];
}

const NOT_YET = {
  tests: "tests beside the rules",
  limits: "counts and sums over time",
  obligations: "duties of the executor",
  extends: "policies built on others",
  applies_to: "policies for some agents only",
  profiles: "named sets of tools",
};
const KEYS = ["version", "name", "rules", "risk"];

/** Reads a document. Null after reporting. */
export function readPolicy(root: DocumentNode, report: Report): PolicyContent | null {
  const map = asMap(root, "a policy", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "a policy", report, NOT_YET);
  checkVersion(map, report);
  const reading: Reading = { report, patterns: new PatternCompiler(), readCondition };
  const nameNode = map.entries.get("name")?.value;
  const name = nameNode === undefined ? null : readName(nameNode, "name", POLICY_LIMITS.nameCharsMax, report);
  const rules = readRules(map, reading);
  const riskRules = readRiskRules(map, reading);
  return report.hasErrors ? null : { name, rules, riskRules };
}

function checkVersion(map: MapNode, report: Report): void {
  const node = map.entries.get("version")?.value;
  if (node === undefined || (node.kind === "scalar" && node.value === 1)) return;
  report.error(node, "wrong_value", `version must be 1, not ${kindOf(node)}`);
}

function readRules(map: MapNode, reading: Reading): Rule[] {
  const node = map.entries.get("rules")?.value;
  if (node === undefined) {
    reading.report.error(map, "missing_key", "a policy needs rules", "write rules: [] to deny everything");
    return [];
  }
  return readEach(node, "rules", POLICY_LIMITS.rulesMax, reading, readRule);
}

function readRiskRules(map: MapNode, reading: Reading): RiskRule[] {
  const node = map.entries.get("risk")?.value;
  const risk = node === undefined ? null : asMap(node, "risk", reading.report);
  if (risk === null) return [];
  reportUnknownKeys(risk, ["rules"], "risk", reading.report);
  const rules = risk.entries.get("rules")?.value;
  if (rules !== undefined) {
    return readEach(rules, "risk.rules", POLICY_LIMITS.riskRulesMax, reading, readRiskRule);
  }
  reading.report.error(risk, "missing_key", "risk needs rules");
  return [];
}

function readEach<Item>(
  node: DocumentNode,
  what: string,
  max: number,
  reading: Reading,
  read: (node: DocumentNode, order: number, reading: Reading) => Item | null,
): Item[] {
  if (node.kind !== "list") {
    reading.report.error(node, "wrong_type", `${what} must be a list, not ${kindOf(node)}`);
    return [];
  }
  if (node.items.length > max) {
    reading.report.error(node, "too_large", `${what} has ${node.items.length} entries, more than ${max}`);
    return [];
  }
  return node.items.flatMap((item, order) => read(item, order, reading) ?? []);
}

/** The content in its normal form: what the policy's hash is taken over. */
export function policyContent({ name, rules, riskRules }: PolicyContent): JsonObject {
  return {
    version: 1,
    ...(name !== null && { name }),
    rules: rules.map((rule) => rule.content),
    risk: riskRules.map((rule) => rule.content),
  };
}
