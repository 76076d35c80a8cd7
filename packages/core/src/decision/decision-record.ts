import type { ApprovalRequirement, Decision, Effect, Outcome, ReasonCode, RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import { DEFAULT_APPROVAL } from "../policy/approval.js";
import type { Policy } from "../policy/policy.js";
import type { Rule } from "../policy/rule.js";
import { higher, needsPerson } from "./risk.js";

const OUTCOME_OF: Readonly<Record<Effect, Outcome>> = {
  allow: "EXECUTE",
  deny: "HALT",
  require_approval: "ABSTAIN",
};

const CODE_OF: Readonly<Record<Effect, ReasonCode>> = {
  allow: "POLICY_ALLOW",
  deny: "POLICY_DENY",
  require_approval: "POLICY_REQUIRE_APPROVAL",
};

/**
 * The decision by the first rule that matched. What would be allowed at high or critical risk needs a person; a rule's
 * own risk only ever raises the level.
 *
 * @param rule - null where none matched: silence is deny.
 */
export function decisionOf(policy: Policy, action: CanonicalAction, rule: Rule | null, riskLevel: RiskLevel): Decision {
  if (rule === null) {
    return record(
      policy,
      action,
      "deny",
      "DEFAULT_DENY_NO_MATCH",
      "No rule matched (deny by default)",
      null,
      riskLevel,
    );
  }
  const level = higher(riskLevel, rule.risk);
  if (rule.effect === "allow" && needsPerson(level)) return upgraded(policy, action, rule, level);
  const decision = record(policy, action, rule.effect, CODE_OF[rule.effect], rule.reason, rule.id, level);
  if (rule.approval !== null) decision.approval = ownCopy(rule.approval);
  return decision;
}

function upgraded(policy: Policy, action: CanonicalAction, rule: Rule, level: RiskLevel): Decision {
  const reason = `${rule.reason} (${level} risk requires approval)`;
  const decision = record(policy, action, "require_approval", "RISK_UPGRADE", reason, rule.id, level);
  decision.approval = ownCopy(DEFAULT_APPROVAL);
  return decision;
}

/** A decision that allows nothing and rests on no rule. */
export function halt(policy: Policy | null, action: CanonicalAction, code: ReasonCode, reason: string): Decision {
  return record(policy, action, "deny", code, reason, null, "low");
}

/** A decision's record. Only this turns an effect into an outcome. */
export function record(
  policy: Policy | null,
  action: CanonicalAction,
  effect: Effect,
  reason_code: ReasonCode,
  reason: string,
  rule_id: string | null,
  risk_level: RiskLevel,
): Decision {
  return {
    outcome: OUTCOME_OF[effect],
    effect,
    reason_code,
    reason,
    rule_id,
    risk_level,
    request_hash: action.request_hash,
    policy_id: policy === null ? null : policy.id,
    policy_version: policy === null ? null : policy.version,
    policy_hash: policy === null ? null : policy.hash,
  };
}

/** Decisions are handed out; the policy's own record must not be reachable through one. */
function ownCopy({ approvers, exclude_submitter, expires_in_seconds }: ApprovalRequirement): ApprovalRequirement {
  return { approvers: approvers.slice(), exclude_submitter, expires_in_seconds };
}
