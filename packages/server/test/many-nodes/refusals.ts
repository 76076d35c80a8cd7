import type { ErrorCode, Status } from "@faramesh/protocol";
import type { Operation } from "./history.js";
import type { Life } from "./life.js";
import type { OnOneAction } from "./stories.js";

/** Answers that say nothing of the action: the request was not taken up. */
const NOT_TAKEN_UP: ReadonlySet<ErrorCode> = new Set(["rate_limited", "store_unavailable"]);

/** Whether a refusal says that nothing was done and nothing was looked at. */
export function isNotTakenUp({ ending }: Operation): boolean {
  return ending.kind === "refused" && NOT_TAKEN_UP.has(ending.code);
}

/** What else is known of an action that is refused something. */
export interface Circumstances {
  readonly birth: Status;
  /** Its agent was stopped, or was about to be, when this was answered. */
  readonly mayBeStopped: boolean;
}

/** Whether an action in this state is rightly refused what was asked. A code that is not expected is never right. */
export function isRightlyRefused(life: Life, asked: OnOneAction, { birth, mayBeStopped }: Circumstances): boolean {
  const { ending, op } = asked;
  if (ending.kind !== "refused") return false;
  if (life === null || ending.code === "not_found") return life === null && ending.code === "not_found";
  if (ending.actionStatus !== null && ending.actionStatus !== life.status) return false;
  const isClaimable = life.status === "allowed" || life.status === "approved";
  switch (ending.code) {
    case "not_claimable":
      return op === "claim" && (!isClaimable || mayBeStopped);
    case "already_decided":
      return (op === "approve" || op === "reject") && birth === "pending_approval" && life.status !== "cancelled";
    case "permit_consumed":
      return op === "consume" && life.isConsumed;
    case "forbidden":
      return op === "report" && life.holder !== null && life.holder !== asked.process;
    case "conflict":
      return conflicts(life, asked, birth);
    default:
      return false;
  }
}

function conflicts(life: NonNullable<Life>, { op, ending }: OnOneAction, birth: Status): boolean {
  // Without a status it says that others kept coming first.
  if (ending.kind === "refused" && ending.actionStatus === null) return true;
  switch (op) {
    case "approve":
      // Pending still: the policy by now would halt it.
      return birth !== "pending_approval" || life.status === "cancelled" || life.status === "pending_approval";
    case "reject":
      return birth !== "pending_approval" || life.status === "cancelled";
    case "report":
    case "consume":
      return life.status !== "executing";
    case "cancel":
      return !["pending_approval", "allowed", "approved"].includes(life.status);
    default:
      return false;
  }
}
