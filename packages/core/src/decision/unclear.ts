import type { ApprovalRequirement, Decision, RiskLevel, UnknownCondition } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Policy } from "../policy/policy.js";
import type { RiskRule } from "../policy/risk-rule.js";
import type { Rule } from "../policy/rule.js";
import { FALSE, TRUE } from "../policy/truth.js";
import { decisionOf, record } from "./decision-record.js";
import { matchTruth } from "./first-match.js";
import { higher, highestRisk, knownRisk } from "./risk.js";
import { unknownCondition } from "./seen-value.js";

const DETAILS_MAX = 20;

/**
 * Decides where some condition cannot be judged. A rule that comes out unknown gives the stricter of its own effect
 * and of what the rest of the policy answers, and its risk level counts; so the answer is never looser than it would
 * be if the condition were true, nor than if it were false.
 */
export function decideUnclear(
  policy: Policy,
  action: CanonicalAction,
  rules: readonly Rule[],
  riskRules: readonly RiskRule[],
): Decision {
  const risk = highestRisk(riskRules, action);
  const known = knownRisk(riskRules, action);
  const { matched, unknown } = firstAnswer(rules, action, known);
  const level = unknown.reduce((most, rule) => higher(most, rule.risk), risk.level);
  const decision = strictest(policy, action, matched, unknown, { level, known, withoutUnknown: risk.level });
  if (decision.effect === "allow") return decision;
  const details = [...risk.unknown.map((rule) => ({ ...rule, id: rule.name })), ...unknown]
    .slice(0, DETAILS_MAX)
    .map((rule) => unknownCondition(rule.id, rule, action, known));
  return { ...decision, details };
}

/** Risk levels of an action that something is unknown of. */
interface Levels {
  /** The one that counts: the unknown rules' own included. */
  readonly level: RiskLevel;
  readonly withoutUnknown: RiskLevel;
  /** What conditions may look at; null where a risk rule is unknown. */
  readonly known: RiskLevel | null;
}

/** The first rule that matches, and those before it that cannot be judged. Behind such a deny nothing is stricter. */
function firstAnswer(
  rules: readonly Rule[],
  action: CanonicalAction,
  level: RiskLevel | null,
): { matched: Rule | null; unknown: readonly Rule[] } {
  const unknown: Rule[] = [];
  for (const rule of rules) {
    const truth = matchTruth(rule, action, level);
    if (truth === TRUE) return { matched: rule, unknown };
    if (truth === FALSE) continue;
    unknown.push(rule);
    if (rule.effect === "deny") break;
  }
  return { matched: null, unknown };
}

/**
 * The strictest of what the unknown rules would do and of what the rest answers. Where a rule of the rest is as strict
 * it answers, in its own words; where the rest is silent, or looser, an unknown rule does.
 */
function strictest(
  policy: Policy,
  action: CanonicalAction,
  matched: Rule | null,
  unknown: readonly Rule[],
  levels: Levels,
): Decision {
  const { level, withoutUnknown } = levels;
  const denying = unknown.find((rule) => rule.effect === "deny");
  if (denying !== undefined) return unknownDecision(policy, action, "deny", denying, levels);
  const rest = decisionOf(policy, action, matched, level);
  const asking = unknown.filter((rule) => rule.effect === "require_approval");
  const [holder = unknown[0]] = asking;
  if (matched === null) return holder === undefined ? rest : unknownDecision(policy, action, "deny", holder, levels);
  if (asking.length === 0 || holder === undefined || rest.effect === "deny") return rest;
  const own = decisionOf(policy, action, matched, withoutUnknown);
  const approval = joined([...asking, own].flatMap((asker) => asker.approval ?? []));
  if (approval === null) return unknownDecision(policy, action, "deny", holder, levels);
  const held = own.effect === "allow" ? unknownDecision(policy, action, "require_approval", holder, levels) : rest;
  return { ...held, risk_level: rest.risk_level, approval };
}

function unknownDecision(
  policy: Policy,
  action: CanonicalAction,
  effect: "deny" | "require_approval",
  rule: Rule,
  { level, known }: Levels,
): Decision {
  const { path, operator }: UnknownCondition = unknownCondition(rule.id, rule, action, known);
  const reason = `${rule.reason} (unknown: ${path} ${operator} cannot be judged on the value given)`;
  return record(policy, action, effect, "CONDITION_UNKNOWN", reason, rule.id, level);
}

/**
 * What an approval must meet where several rules may each be the one that requires it: all of them. Null where the
 * rules name approvers who have nobody in common: then nobody may approve.
 */
function joined(requirements: readonly ApprovalRequirement[]): ApprovalRequirement | null {
  const named = requirements.map(({ approvers }) => approvers).filter((approvers) => approvers.length > 0);
  const [first = [], ...others] = named;
  const approvers = first.filter((name) => others.every((list) => list.includes(name)));
  if (first.length > 0 && approvers.length === 0) return null;
  return {
    approvers,
    exclude_submitter: requirements.some((requirement) => requirement.exclude_submitter),
    expires_in_seconds: Math.min(...requirements.map((requirement) => requirement.expires_in_seconds)),
  };
}
