/** The closed vocabularies of the wire. Anything outside these lists is not understood and grants nothing. */

export const OUTCOMES = ["EXECUTE", "ABSTAIN", "HALT"] as const;
/** What the gate answers. Only the exact word `EXECUTE` lets a tool run without a person. */
export type Outcome = (typeof OUTCOMES)[number];

export const EFFECTS = ["allow", "deny", "require_approval"] as const;
/** What a policy says; on an action this is the field `decision`. */
export type Effect = (typeof EFFECTS)[number];

export const STATUSES = [
  "allowed",
  "denied",
  "pending_approval",
  "approved",
  "executing",
  "succeeded",
  "failed",
  "expired",
  "cancelled",
  "unknown",
] as const;
/** Where an action is in its life. */
export type Status = (typeof STATUSES)[number];

/** Statuses that no event can change any more. */
export const FINAL_STATUSES: readonly Status[] = ["denied", "succeeded", "failed", "expired", "cancelled", "unknown"];

export const RISK_LEVELS = ["low", "medium", "high", "critical"] as const;
/** Ordered from least to most. */
export type RiskLevel = (typeof RISK_LEVELS)[number];

export const REASON_CODES = [
  "POLICY_ALLOW",
  "POLICY_DENY",
  "POLICY_REQUIRE_APPROVAL",
  "RISK_UPGRADE",
  "DEFAULT_DENY_NO_MATCH",
  "CONDITION_UNKNOWN",
  "LIMIT_EXCEEDED",
  "PROFILE_DISALLOWS_TOOL",
  "PROFILE_RULE_DENY",
  "POLICY_UNAVAILABLE",
  "AGENT_DISABLED",
  "HUMAN_APPROVED",
  "HUMAN_REJECTED",
  "APPROVAL_EXPIRED",
  "INTERNAL_ERROR",
] as const;
/** Why, in a word that programs may rely on. */
export type ReasonCode = (typeof REASON_CODES)[number];

export const ROLES = ["agent", "approver", "developer", "auditor", "admin"] as const;
/** What a principal may do; the table is in `docs/reference/http-api.md`. */
export type Role = (typeof ROLES)[number];
