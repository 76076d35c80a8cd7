import { canonicalJson } from "@faramesh/protocol";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertCan, can, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";
import { idempotencyClaim, readableAction, type StepTaken, takeStep } from "./take-step.js";

/**
 * Withdraws an action before it runs, by whoever submitted it or an admin.
 *
 * @throws GateError `forbidden`, `not_found`, `conflict`, `idempotency_conflict`
 */
export function cancelAction(
  gate: Gate,
  principal: Principal,
  id: string,
  reason: string | null,
  idempotencyKey: string | null,
): Promise<StepTaken> {
  assertCan(principal, "submit");
  const idempotency = idempotencyClaim(principal, idempotencyKey, `cancel ${id} ${canonicalJson(reason)}`);
  return takeStep(gate, {
    idempotency,
    read: () => readableAction(gate, principal, id),
    plan(row) {
      if (row.submitted_by !== principal.id && !can(principal, "manage")) {
        throw new GateError("forbidden", "only whoever submitted the action, or an admin, may cancel it");
      }
      if (row.status !== "pending_approval" && row.status !== "allowed" && row.status !== "approved") {
        throw new GateError("conflict", `the action is ${row.status}; it cannot be cancelled`, {
          actionStatus: row.status,
        });
      }
      const actor = actorOf(principal);
      const set = { claimable_until_ms: null };
      return stepFrom(row, { to: "cancelled", set, actor, atMs: gate.nowMs(), idempotency, more: { note: reason } });
    },
  });
}
