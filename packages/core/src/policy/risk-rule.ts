import { type JsonObject, RISK_LEVELS, type RiskLevel } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../limits.js";
import { asMap, reportUnknownKeys } from "./closed-map.js";
import type { DocumentNode, MapNode } from "./document.js";
import { MATCHES_ALL, type Match, matchContent, readMatch } from "./match.js";
import type { Spot } from "./report.js";
import { readName, readWord } from "./scalars.js";
import type { Reading } from "./value-test.js";
import { readExpression } from "./when/read-expression.js";

/** A risk rule, compiled. The first that matches gives the risk level. */
export interface RiskRule extends Match {
  readonly name: string;
  readonly order: number;
  readonly level: RiskLevel;
  readonly spot: Spot;
  /** As it was read. */
  readonly node: DocumentNode;
  /** The pack that brought it; null for the policy's own. */
  readonly pack: string | null;
  readonly content: JsonObject;
}

const KEYS = ["name", "when", "risk_level"] as const;

/** Reads one risk rule: `{name, when, risk_level}`, where `when` is a match or an expression. Null after reporting. */
export function readRiskRule(node: DocumentNode, order: number, reading: Reading): RiskRule | null {
  const { report, pack } = reading;
  const map = asMap(node, "a risk rule", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "a risk rule", report);
  const [nameNode, whenNode, levelNode] = KEYS.map((key) => required(map, key, reading));
  const given = nameNode === undefined ? null : readName(nameNode, "name", POLICY_LIMITS.nameCharsMax, report);
  const match = whenNode === undefined ? null : readWhen(whenNode, reading);
  const level = levelNode === undefined ? null : readWord(levelNode, RISK_LEVELS, "risk_level", report);
  if (given === null || match === null || level === null) return null;
  const { scope, conditions } = match;
  const name = pack === null ? given : `${pack.name}/${given}`;
  const content = { name, level, match: matchContent(match) };
  const place = { order: order + (pack?.riskRulesBefore ?? 0), spot: pack?.spot ?? map };
  return { scope, conditions, name, level, content, node: map, pack: pack?.name ?? null, ...place };
}

function required(map: MapNode, key: string, { report }: Reading): DocumentNode | undefined {
  const entry = map.entries.get(key);
  if (entry === undefined)
    report.error(map, "missing_key", `a risk rule needs ${key}`, "write { name: …, when: …, risk_level: high }");
  return entry?.value;
}

function readWhen(node: DocumentNode, reading: Reading): Match | null {
  if (node.kind !== "scalar" || typeof node.value !== "string") return readMatch(node, "when", reading);
  const condition = readExpression(node, "risk_rule", reading);
  return condition === null ? null : { scope: MATCHES_ALL.scope, conditions: [condition] };
}
