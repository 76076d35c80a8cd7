import { type CanonicalAction, canonicalizeAction } from "@faramesh/core";
import { type ActionRequest, type Decision, type Status, timeText } from "@faramesh/protocol";
import type { FirstRow, NewAction } from "../store/store.js";
import { newApprovalToken } from "./approval-token.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertActsAs, assertCan, type Principal } from "./principal.js";
import { provenanceId } from "./provenance.js";
import { actionEntry } from "./record.js";
import { idempotencyClaim, type StepTaken, takenFrom } from "./take-step.js";

/** How an outcome begins an action's life. Only EXECUTE begins it with `allowed`. */
const FIRST_STATUS: Readonly<Record<Decision["outcome"], Status>> = {
  EXECUTE: "allowed",
  ABSTAIN: "pending_approval",
  HALT: "denied",
};

/** Times that an action is decided again because the rules changed before it was recorded. */
const ATTEMPTS_MAX = 10;

/**
 * Decides an action and records it: canonicalise, decide, one transaction. When the promise resolves, the action and
 * its ledger entry are durable; announcing follows the commit.
 *
 * @throws GateError `forbidden`, `idempotency_conflict`
 * @throws InvalidActionError when the action has no canonical form, is out of bounds, or has other params than its tool.
 * @throws StoreUnavailableError when it cannot be recorded; then nothing was decided.
 */
export async function submitAction(
  gate: Gate,
  principal: Principal,
  request: ActionRequest,
  idempotencyKey: string | null,
): Promise<StepTaken> {
  assertCan(principal, "submit");
  assertActsAs(principal, request.agent_id);
  const action = canonicalizeAction(request);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    gate.rules.toolParams.assertParams(action);
    const decision = gate.rules.decide(action);
    const taken = takenFrom(await gate.store.submit(newAction(gate, principal, action, decision, idempotencyKey)));
    if (taken !== null) return taken;
    await gate.rules.refresh();
  }
  throw new GateError("conflict", "the rules keep changing; submit the action again");
}

function newAction(
  gate: Gate,
  principal: Principal,
  action: CanonicalAction,
  decision: Decision,
  idempotencyKey: string | null,
): NewAction {
  const row = firstRow(gate, principal, action, decision);
  return {
    row,
    entry: actionEntry(row, actorOf(principal), row.created_at_ms, approvalTerms(row)),
    idempotency: idempotencyClaim(principal, idempotencyKey, `submit ${action.request_hash}`),
    decidedAt: gate.rules.index,
  };
}

function firstRow(gate: Gate, principal: Principal, action: CanonicalAction, decision: Decision): FirstRow {
  const nowMs = gate.nowMs();
  const id = gate.newId();
  const expiresAtMs = decision.approval === undefined ? null : nowMs + decision.approval.expires_in_seconds * 1000;
  const token = expiresAtMs === null ? null : newApprovalToken(gate.keyring, id, action.request_hash, expiresAtMs);
  return {
    id,
    agent_id: action.agent_id,
    tool: action.tool,
    operation: action.operation,
    params: action.params_json,
    context: action.context_json,
    status: FIRST_STATUS[decision.outcome],
    decision: decision.effect,
    outcome: decision.outcome,
    reason_code: decision.reason_code,
    reason: decision.reason,
    rule_id: decision.rule_id,
    risk_level: decision.risk_level,
    request_hash: action.request_hash,
    policy_id: decision.policy_id,
    policy_version: decision.policy_version,
    policy_hash: decision.policy_hash,
    runtime_version: gate.settings.runtimeVersion,
    provenance_id: provenanceId(gate.settings.runtimeVersion, decision.policy_hash),
    submitted_by: principal.id,
    approvers: JSON.stringify(decision.approval?.approvers ?? []),
    exclude_submitter: decision.approval?.exclude_submitter === true ? 1 : 0,
    approval_expires_at_ms: expiresAtMs,
    approval_token_hash: token?.hash ?? null,
    claimable_until_ms: decision.outcome === "EXECUTE" ? nowMs + gate.settings.claimTtlMs : null,
    version: 1,
    created_at_ms: nowMs,
    updated_at_ms: nowMs,
  };
}

function approvalTerms(row: FirstRow): {
  approval?: { [term: string]: string | boolean | string[] };
} {
  if (row.approval_expires_at_ms === null) return {};
  return {
    approval: {
      approvers: JSON.parse(row.approvers) as string[],
      exclude_submitter: row.exclude_submitter === 1,
      expires_at: timeText(row.approval_expires_at_ms),
    },
  };
}
