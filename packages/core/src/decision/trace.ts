import type { RiskLevel, TraceCondition, TraceStep } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Condition } from "../policy/condition.js";
import type { Policy } from "../policy/policy.js";
import type { Rule } from "../policy/rule.js";
import { TRUE, type Truth, UNKNOWN } from "../policy/truth.js";
import { profileStep } from "./by-profile.js";
import { matchTruth } from "./first-match.js";
import { knownRisk } from "./risk.js";
import { shownValue } from "./seen-value.js";

/**
 * The profile, where there are any, and every enabled rule in order, with what became of it: enough to answer "why not?". It is worked out again from the
 * same conditions, so that deciding without it costs nothing more.
 */
export function traceOf(policy: Policy, action: CanonicalAction): TraceStep[] {
  const first = profileStep(policy, action);
  const level = knownRisk(policy.compiled.candidates(action.tool, action.operation).riskRules, action);
  const isForAgent = policy.compiled.content.appliesTo.matches(action.agent_id);
  let answered = !isForAgent || first.some(({ result }) => result !== "matched");
  const steps = policy.compiled.content.rules
    .filter((rule) => rule.enabled)
    .map((rule) => {
      const step = answered ? notReached(rule) : stepOf(rule, action, level);
      answered ||= step.result === "matched" || (step.result === "unknown" && rule.effect === "deny");
      return step;
    });
  return [...first, ...steps];
}

function notReached(rule: Rule): TraceStep {
  return { rule_id: rule.id, result: "not_reached", effect: rule.effect };
}

function stepOf(rule: Rule, action: CanonicalAction, level: RiskLevel | null): TraceStep {
  const { id: rule_id, effect, scope } = rule;
  if (!scope.tools.matches(action.tool) || !scope.operations.matches(action.operation)) {
    return { rule_id, result: "skipped", effect };
  }
  const truth = matchTruth(rule, action, level);
  if (truth === TRUE) return { rule_id, result: "matched", effect };
  const result = truth === UNKNOWN ? "unknown" : "no_match";
  if (!scope.agents.matches(action.agent_id)) return { rule_id, result, effect, condition: agentMissed(rule, action) };
  const failed = rule.conditions.find((condition) => condition.evaluate(action, level) === truth);
  return { rule_id, result, effect, ...(failed && { condition: conditionMissed(failed, action, truth) }) };
}

function agentMissed(rule: Rule, action: CanonicalAction): TraceCondition {
  const expected = [...rule.scope.agents.listed];
  return { path: "agent_id", operator: "in", expected, seen: action.agent_id, why: "the rule is for other agents" };
}

function conditionMissed(condition: Condition, action: CanonicalAction, truth: Truth): TraceCondition {
  const { path, operator, operand } = condition;
  const seen = condition.see(action);
  const named = { path, operator, expected: shownValue(operand) };
  if (seen === undefined) return { ...named, missing: true, why: "the field is missing" };
  const why = truth === UNKNOWN ? `${operator} cannot be judged on this value` : "the value does not meet it";
  return { ...named, seen: shownValue(seen), why };
}
