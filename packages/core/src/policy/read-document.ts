import { POLICY_LIMITS } from "../limits.js";
import { readCases } from "./cases/policy-case.js";
import { asMap, kindOf, reportUnknownKeys } from "./closed-map.js";
import { readCondition } from "./condition.js";
import type { DocumentNode, MapNode } from "./document.js";
import { ANY_NAME, type Names, readNames } from "./names.js";
import { PatternCompiler } from "./pattern.js";
import type { PolicyContent } from "./policy-content.js";
import { type Profile, readProfile } from "./profile.js";
import { readList } from "./read-list.js";
import type { Report } from "./report.js";
import { type RiskRule, readRiskRule } from "./risk-rule.js";
import { type Rule, readRule } from "./rule.js";
import { readName } from "./scalars.js";
import type { PackOrigin, Reading } from "./value-test.js";

const NOT_YET = {
  limits: "counts and sums over time",
  obligations: "duties of the executor",
};
const KEYS = ["version", "name", "applies_to", "extends", "profiles", "rules", "risk", "tests"];

/** What a document says by itself, and what it says it is built on. */
export interface OwnContent extends Omit<PolicyContent, "packs"> {
  readonly extended: DocumentNode | null;
}

/**
 * Reads a document without what it extends. What is wrong is reported; null where there is nothing to read.
 *
 * @param pack - Where the document is a pack that another one extends.
 */
export function readDocument(root: DocumentNode, report: Report, pack: PackOrigin | null): OwnContent | null {
  const map = asMap(root, "a policy", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "a policy", report, NOT_YET);
  checkVersion(map, report);
  const reading: Reading = { report, patterns: new PatternCompiler(), readCondition, pack };
  const nameNode = map.entries.get("name")?.value;
  const name = nameNode === undefined ? null : readName(nameNode, "name", POLICY_LIMITS.nameCharsMax, report);
  const appliesTo = readAppliesTo(map, report);
  const profiles = readProfiles(map, reading);
  const rules = readRules(map, reading);
  const riskRules = readRiskRules(map, reading);
  const tests = map.entries.get("tests")?.value;
  const cases = tests === undefined ? [] : readCases(tests, null, report);
  return {
    name,
    appliesTo,
    profiles,
    rules,
    riskRules,
    cases: [...rules.flatMap((rule) => rule.cases), ...cases],
    extended: map.entries.get("extends")?.value ?? null,
  };
}

function checkVersion(map: MapNode, report: Report): void {
  const node = map.entries.get("version")?.value;
  if (node === undefined || (node.kind === "scalar" && node.value === 1)) return;
  report.error(node, "wrong_value", `version must be 1, not ${kindOf(node)}`, "write version: 1");
}

function readAppliesTo(map: MapNode, report: Report): Names {
  const entry = map.entries.get("applies_to");
  if (entry === undefined) return ANY_NAME;
  const given = asMap(entry.value, "applies_to", report);
  if (given === null) return ANY_NAME;
  reportUnknownKeys(given, ["agent_id"], "applies_to", report);
  const agents = given.entries.get("agent_id");
  if (agents !== undefined) return readNames(agents.value, "agent_id", report) ?? ANY_NAME;
  report.error(given, "missing_key", "applies_to needs agent_id", "write applies_to: { agent_id: [name, glob-*] }");
  return ANY_NAME;
}

function readProfiles(map: MapNode, reading: Reading): Profile[] {
  const node = map.entries.get("profiles")?.value;
  if (node === undefined) return [];
  const profiles = readList(node, "profiles", POLICY_LIMITS.profilesMax, reading, readProfile);
  if (node.kind === "list" && node.items.length === 0) {
    const cure = "remove it, or write profiles: [{ name: …, tools: […] }]";
    reading.report.error(node, "empty", "profiles must not be an empty list: no agent would have one", cure);
  }
  return profiles;
}

function readRules(map: MapNode, reading: Reading): Rule[] {
  const node = map.entries.get("rules")?.value;
  if (node === undefined) {
    reading.report.error(map, "missing_key", "a policy needs rules", "write rules: [] to deny everything");
    return [];
  }
  return readList(node, "rules", POLICY_LIMITS.rulesMax, reading, readRule);
}

function readRiskRules(map: MapNode, reading: Reading): RiskRule[] {
  const node = map.entries.get("risk")?.value;
  const risk = node === undefined ? null : asMap(node, "risk", reading.report);
  if (risk === null) return [];
  reportUnknownKeys(risk, ["rules"], "risk", reading.report);
  const rules = risk.entries.get("rules")?.value;
  if (rules !== undefined) {
    return readList(rules, "risk.rules", POLICY_LIMITS.riskRulesMax, reading, readRiskRule);
  }
  reading.report.error(risk, "missing_key", "risk needs rules", "write risk: { rules: [] }, or leave risk out");
  return [];
}
