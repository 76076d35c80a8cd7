import type { ActionRow, ActionStep } from "../store/store.js";
import type { Gate } from "./gate.js";
import { SYSTEM } from "./principal.js";
import { stepFrom } from "./record.js";

const OVERDUE_AT_ONCE = 500;

/**
 * Ends what has run out of time: a pending approval becomes `expired`, never approved; a claim without a report
 * becomes `unknown`, never run again. A step that somebody else took first is left to them.
 */
export async function expireOverdue(gate: Gate): Promise<void> {
  const nowMs = gate.nowMs();
  const overdue = await gate.store.overdue(nowMs, OVERDUE_AT_ONCE);
  await Promise.all(overdue.map((row) => gate.store.step(overdueStep(row, nowMs))));
}

function overdueStep(row: ActionRow, atMs: number): ActionStep {
  const common = { actor: SYSTEM, atMs, idempotency: null };
  if (row.status === "pending_approval") {
    const set = { reason_code: "APPROVAL_EXPIRED" } as const;
    return stepFrom(row, { ...common, to: "expired", set });
  }
  return stepFrom(row, { ...common, to: "unknown", set: { error: "no report came before the claim's lease ended" } });
}
