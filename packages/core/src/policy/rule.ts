import {
  type ApprovalRequirement,
  canonicalJson,
  type Effect,
  type JsonObject,
  RISK_LEVELS,
  type RiskLevel,
} from "@faramesh/protocol";
import { nearestName } from "../action/nearest-name.js";
import { POLICY_LIMITS } from "../limits.js";
import { sha256Hex } from "../sha256.js";
import { readApproval } from "./approval.js";
import { type PolicyCase, readCases } from "./cases/policy-case.js";
import { asMap, keySpot, kindOf, reportUnknownKeys } from "./closed-map.js";
import type { DocumentNode, MapEntry, MapNode } from "./document.js";
import { MATCHES_ALL, type Match, matchContent, mayAllow, readMatch } from "./match.js";
import type { Report, Spot } from "./report.js";
import { readBoolean, readName, readText, readWord } from "./scalars.js";
import type { Reading } from "./value-test.js";
import { readExpression } from "./when/read-expression.js";

/** A rule, compiled. */
export interface Rule extends Match {
  readonly id: string;
  /** Its place in the policy, from 0: the first rule that matches answers. */
  readonly order: number;
  readonly effect: Effect;
  readonly reason: string;
  readonly risk: RiskLevel | null;
  /** For rules that require approval. */
  readonly approval: ApprovalRequirement | null;
  readonly enabled: boolean;
  readonly spot: Spot;
  /** As it was read. */
  readonly node: DocumentNode;
  /** In its normal form, for the policy's hash. */
  readonly content: JsonObject;
  /** The tests that stand in it. */
  readonly cases: readonly PolicyCase[];
  /** The pack that brought it; null for the policy's own. */
  readonly pack: string | null;
}

const NOT_YET = {
  limits: "counts and sums over time",
  obligations: "duties of the executor",
};
const EFFECT_KEYS = ["allow", "deny", "require_approval"] as const;
const KEYS = ["id", "match", "when", ...EFFECT_KEYS, "reason", "description", "risk", "enabled", "tests"];

const DEFAULT_REASONS: Readonly<Record<Effect, string>> = {
  allow: "Allowed by policy rule",
  deny: "Denied by policy rule",
  require_approval: "Requires approval by policy rule",
};

/** Reads one rule. Null after reporting. */
export function readRule(node: DocumentNode, order: number, reading: Reading): Rule | null {
  const { report, pack } = reading;
  const map = asMap(node, "a rule", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "a rule", report, NOT_YET);
  const effect = readEffect(map, report);
  const match = readRuleMatch(map, reading);
  const given = readDetails(map, report);
  if (effect === null || match === null || given === null) return null;
  if (effect.effect === "allow" && !mayAllow(match, report)) return null;
  const own = contentOf(given, effect, match);
  const ownId = given.id ?? generatedId(order, own);
  const id = pack === null ? ownId : `${pack.name}/${ownId}`;
  const tests = map.entries.get("tests")?.value;
  // Named one by one: V8 gives objects that are spread together hidden classes of their own, each slow to meet anew.
  return {
    scope: match.scope,
    conditions: match.conditions,
    effect: effect.effect,
    approval: effect.approval,
    id,
    order: order + (pack?.rulesBefore ?? 0),
    reason: given.reason ?? DEFAULT_REASONS[effect.effect],
    risk: given.risk,
    enabled: given.enabled,
    spot: pack?.spot ?? map,
    node: map,
    content: pack === null ? own : { ...own, id },
    cases: tests === undefined ? [] : readCases(tests, id, report),
    pack: pack?.name ?? null,
  };
}

interface RuleEffect {
  readonly effect: Effect;
  readonly approval: ApprovalRequirement | null;
}

function readEffect(map: MapNode, report: Report): RuleEffect | null {
  const given = EFFECT_KEYS.flatMap((key) => map.entries.get(key) ?? []);
  const [only, second] = given;
  if (only === undefined) {
    // A misspelt effect was reported as an unknown key, which says better what to do.
    if (hasMisspeltEffect(map)) return null;
    report.error(map, "no_effect", "a rule needs one of allow, deny and require_approval", "write deny: true");
    return null;
  }
  if (second !== undefined) {
    report.error(
      keySpot(second),
      "several_effects",
      `a rule has one effect, not both ${only.key} and ${second.key}`,
      "keep one of them",
    );
    return null;
  }
  if (only.key === "require_approval") {
    const approval = readApproval(only.value, report);
    return approval === null ? null : { effect: "require_approval", approval };
  }
  if (only.value.kind === "scalar" && only.value.value === true) {
    return { effect: only.key === "allow" ? "allow" : "deny", approval: null };
  }
  const cure = `write ${only.key}: true, or enabled: false to turn the rule off`;
  report.error(only.value, "wrong_value", `${only.key} must be true, not ${kindOf(only.value)}`, cure);
  return null;
}

function hasMisspeltEffect(map: MapNode): boolean {
  const meant = [...map.entries.keys()].filter((key) => !KEYS.includes(key)).map((key) => nearestName(key, KEYS));
  return EFFECT_KEYS.some((key) => meant.includes(key));
}

function readRuleMatch(map: MapNode, reading: Reading): Match | null {
  const [match, when] = [map.entries.get("match"), map.entries.get("when")];
  if (match === undefined && when === undefined) {
    reading.report.error(map, "no_match", "a rule needs a match", "write match: { any: true } to match everything");
    return null;
  }
  const matched = match === undefined ? MATCHES_ALL : readMatch(match.value, "match", reading);
  const condition = when === undefined ? undefined : readExpression(when.value, "rule", reading);
  if (matched === null || condition === null) return null;
  // Behind the others: they cost less, and one that is false decides.
  return condition === undefined ? matched : { ...matched, conditions: [...matched.conditions, condition] };
}

interface Details {
  readonly id: string | null;
  readonly reason: string | null;
  readonly risk: RiskLevel | null;
  readonly enabled: boolean;
}

/** The keys that may be left out. Null after reporting. */
function readDetails(map: MapNode, report: Report): Details | null {
  const reason = map.entries.get("reason");
  const description = map.entries.get("description");
  if (reason !== undefined && description !== undefined) {
    report.error(
      keySpot(description),
      "given_twice",
      "description stands for reason: give one of them",
      "remove description",
    );
  }
  const details = {
    id: optional(map.entries.get("id"), (node) => readName(node, "id", POLICY_LIMITS.nameCharsMax, report)),
    reason: optional(reason ?? description, (node) => readText(node, "reason", POLICY_LIMITS.reasonCharsMax, report)),
    risk: optional(map.entries.get("risk"), (node) => readWord(node, RISK_LEVELS, "risk", report)),
    enabled: optional(map.entries.get("enabled"), (node) => readBoolean(node, "enabled", report)),
  };
  const { id, reason: text, risk, enabled } = details;
  if (id === null || text === null || risk === null || enabled === null) return null;
  return { id: id ?? null, reason: text ?? null, risk: risk ?? null, enabled: enabled ?? true };
}

/** Undefined where the key is not there, null where what it holds was reported. */
function optional<Value>(entry: MapEntry | undefined, read: (node: DocumentNode) => Value): Value | undefined {
  return entry === undefined ? undefined : read(entry.value);
}

function contentOf({ id, reason, risk, enabled }: Details, { effect, approval }: RuleEffect, match: Match): JsonObject {
  return {
    match: matchContent(match),
    effect,
    ...(approval !== null && { approval: { ...approval } }),
    ...(id !== null && { id }),
    ...(reason !== null && { reason }),
    ...(risk !== null && { risk }),
    ...(!enabled && { enabled }),
  };
}

function generatedId(order: number, content: JsonObject): string {
  return `rule-${order + 1}-${sha256Hex(canonicalJson(content, POLICY_LIMITS.contentNestingMax)).slice(0, 8)}`;
}
