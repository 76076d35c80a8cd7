import type { Decision, Outcome } from "@faramesh/protocol";
import type { CanonicalAction } from "../../action/canonicalize.js";
import { decide } from "../../decision/decide.js";
import type { Policy } from "../policy.js";

/** What a policy answers, as far as it is compared. */
export type ComparedDecision = Pick<Decision, "outcome" | "rule_id" | "reason_code" | "risk_level">;

/** One action that two policies answer differently. */
export interface DecisionChange {
  /** Its place among the actions that were given, from 0. */
  readonly index: number;
  readonly before: ComparedDecision;
  readonly after: ComparedDecision;
  /** `looser`: more is let through than before; `same`: the outcome is, for another reason or at another risk. */
  readonly direction: "looser" | "stricter" | "same";
}

/** Decides each action by both policies, and tells the ones whose answer differs. */
export function diffDecisions(
  before: Policy | null,
  after: Policy | null,
  actions: readonly CanonicalAction[],
): DecisionChange[] {
  return actions.flatMap((action, index) => {
    const [old, now] = [compared(decide(before, action)), compared(decide(after, action))];
    const fields = ["outcome", "rule_id", "reason_code", "risk_level"] as const;
    if (fields.every((field) => old[field] === now[field])) return [];
    return { index, before: old, after: now, direction: directionOf(old.outcome, now.outcome) };
  });
}

function compared({ outcome, rule_id, reason_code, risk_level }: Decision): ComparedDecision {
  return { outcome, rule_id, reason_code, risk_level };
}

const STRICTNESS: Readonly<Record<Outcome, number>> = { EXECUTE: 0, ABSTAIN: 1, HALT: 2 };

function directionOf(before: Outcome, after: Outcome): DecisionChange["direction"] {
  const change = STRICTNESS[after] - STRICTNESS[before];
  return change === 0 ? "same" : change < 0 ? "looser" : "stricter";
}
