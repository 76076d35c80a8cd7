import type { Role } from "@faramesh/protocol";

/** Who wants to decide an approval, as the gate authenticated them. */
export interface Decider {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

/** What the pending action asks of its approval. */
export interface PendingApproval {
  /** The id of the principal that submitted the action. */
  readonly submittedBy: string;
  readonly approvers: readonly string[];
  readonly excludeSubmitter: boolean;
}

/** `yes`, or the reason why not. */
export type MayDecide = { allowed: true } | { allowed: false; why: string };

const YES: MayDecide = { allowed: true };

/**
 * Whether a principal may approve or reject an action. Closed: only the three deciding roles can, only if the rule
 * names them where it names anyone, and never the submitter where the rule excludes it.
 *
 * @param decider - null for the bearer of a valid approval token who did not authenticate otherwise.
 */
export function mayDecide(decider: Decider | null, pending: PendingApproval): MayDecide {
  if (decider === null) return tokenBearerMayDecide(pending);
  if (decider.role !== "approver" && decider.role !== "developer" && decider.role !== "admin") {
    return { allowed: false, why: `a key with the role ${decider.role} never approves or rejects` };
  }
  if (pending.excludeSubmitter && decider.id === pending.submittedBy) {
    return { allowed: false, why: "the rule excludes whoever submitted the action" };
  }
  if (decider.role !== "admin" && pending.approvers.length > 0 && !pending.approvers.includes(decider.name)) {
    return { allowed: false, why: `the rule names other approvers: ${pending.approvers.join(", ")}` };
  }
  return YES;
}

/** A bare token shows that somebody was handed it, not who: too little where the rule cares who decides. */
function tokenBearerMayDecide(pending: PendingApproval): MayDecide {
  if (pending.excludeSubmitter) return { allowed: false, why: "the rule excludes the submitter, so a key is needed" };
  if (pending.approvers.length > 0) return { allowed: false, why: "the rule names approvers, so a key is needed" };
  return YES;
}
