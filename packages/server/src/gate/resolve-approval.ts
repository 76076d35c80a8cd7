import { mayDecide } from "@faramesh/core";
import { type Actor, type ApprovalAnswer, canonicalJson, type JsonObject, timeText } from "@faramesh/protocol";
import type { ActionRow, ActionStep, IdempotencyClaim } from "../store/store.js";
import { isApprovalToken } from "./approval-token.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";
import { recordedAction } from "./recorded-action.js";
import { idempotencyClaim, readableAction, type StepTaken, takeStep } from "./take-step.js";

/**
 * A person's answer to an ABSTAIN: by somebody who may decide it, for exactly the recorded action, in time, once.
 *
 * @param principal - null when the caller sent no key and has only the approval token.
 * @throws GateError `unauthorized`, `forbidden`, `not_found`, `already_decided`, `conflict`, `idempotency_conflict`
 */
export function resolveApproval(
  gate: Gate,
  principal: Principal | null,
  id: string,
  answer: ApprovalAnswer,
  idempotencyKey: string | null,
): Promise<StepTaken> {
  const fingerprint = `approval ${id} ${answer.approve} ${canonicalJson(answer.reason ?? null)}`;
  const idempotency = idempotencyClaim(principal ?? { id: `approval_token ${id}` }, idempotencyKey, fingerprint);
  return takeStep(gate, {
    idempotency,
    read: () => (principal === null ? actionForToken(gate, id, answer.token) : readableAction(gate, principal, id)),
    plan(row) {
      assertMayDecide(principal, row, answer.token);
      assertOpen(row, gate.nowMs());
      if (answer.approve) assertNotHalted(gate, row);
      return decidedStep(gate, principal, row, answer, idempotency);
    },
  });
}

/** Without a key, only the right token shows that there is such an action at all. */
async function actionForToken(gate: Gate, id: string, token: string | undefined): Promise<ActionRow> {
  const row = token === undefined ? null : await gate.store.action(id);
  if (row === null || token === undefined || !isApprovalToken(row, token)) {
    throw new GateError("unauthorized", "a key that may approve, or this action's approval token, is needed");
  }
  return row;
}

function assertMayDecide(principal: Principal | null, row: ActionRow, token: string | undefined): void {
  const allowed = mayDecide(principal, {
    submittedBy: row.submitted_by,
    approvers: JSON.parse(row.approvers) as string[],
    excludeSubmitter: row.exclude_submitter === 1,
  });
  if (!allowed.allowed) throw new GateError("forbidden", allowed.why);
  if (row.approval_token_hash !== null && token !== undefined && !isApprovalToken(row, token)) {
    throw new GateError("forbidden", "the token is not this action's approval token");
  }
}

function assertOpen(row: ActionRow, nowMs: number): void {
  if (row.status === "pending_approval") {
    if (row.approval_expires_at_ms !== null && nowMs < row.approval_expires_at_ms) return;
    throw new GateError("already_decided", "the time for this approval is over", { actionStatus: row.status });
  }
  if (row.decision !== "require_approval" || row.status === "cancelled") {
    throw new GateError("conflict", `the action is ${row.status}; there is nothing to approve`, {
      actionStatus: row.status,
    });
  }
  throw new GateError("already_decided", `the approval was decided; the action is ${row.status}`, {
    actionStatus: row.status,
  });
}

/** A yes to what the policy forbids by now would outlive the rule it was asked under. */
function assertNotHalted(gate: Gate, row: ActionRow): void {
  const now = gate.rules.decide(recordedAction(row));
  if (now.outcome === "HALT") {
    throw new GateError("conflict", `the active policy would HALT this action by now (${now.reason_code})`, {
      actionStatus: row.status,
    });
  }
}

function decidedStep(
  gate: Gate,
  principal: Principal | null,
  row: ActionRow,
  answer: ApprovalAnswer,
  idempotency: IdempotencyClaim | null,
): ActionStep {
  const nowMs = gate.nowMs();
  const actor: Actor =
    principal === null
      ? { id: "approval_token", name: "bearer of the approval token", via: "approval_token" }
      : actorOf(principal);
  const note = answer.reason ?? null;
  return stepFrom(row, {
    to: answer.approve ? "approved" : "denied",
    set: {
      reason_code: answer.approve ? "HUMAN_APPROVED" : "HUMAN_REJECTED",
      decided_by: canonicalJson([actor]),
      approval_note: note,
      claimable_until_ms: answer.approve ? nowMs + gate.settings.claimTtlMs : null,
    },
    actor,
    atMs: nowMs,
    idempotency,
    decidedAt: gate.rules.index,
    more: { note, approval_of: approvalOf(row) },
  });
}

/** What the yes or no is bound to, whatever the row says later. */
function approvalOf(row: ActionRow): JsonObject {
  return {
    request_hash: row.request_hash,
    policy_hash: row.policy_hash,
    policy_version: row.policy_version,
    expires_at: row.approval_expires_at_ms === null ? null : timeText(row.approval_expires_at_ms),
  };
}
