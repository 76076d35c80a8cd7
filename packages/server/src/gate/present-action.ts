import { mayDecide } from "@faramesh/core";
import { type Action, type Actor, type JsonObject, type JsonValue, timeText } from "@faramesh/protocol";
import type { ActionRow } from "../store/store.js";
import { approvalTokenOf } from "./approval-token.js";
import type { Gate } from "./gate.js";
import { can, type Principal } from "./principal.js";

/** An action as one principal may see it: the approval token only for whoever may use it, only while it can be used. */
export function presentAction(gate: Gate, principal: Principal | null, row: ActionRow): Action {
  const action: Action = {
    id: row.id,
    agent_id: row.agent_id,
    tool: row.tool,
    operation: row.operation,
    params: JSON.parse(row.params) as JsonObject,
    ...(row.context === null ? {} : { context: JSON.parse(row.context) as JsonObject }),
    status: row.status,
    decision: row.decision,
    outcome: row.outcome,
    reason_code: row.reason_code,
    reason: row.reason,
    rule_id: row.rule_id,
    risk_level: row.risk_level,
    request_hash: row.request_hash,
    policy_id: row.policy_id,
    policy_version: row.policy_version,
    policy_hash: row.policy_hash,
    runtime_version: row.runtime_version,
    provenance_id: row.provenance_id,
    approval: {
      required: row.decision === "require_approval",
      approvers: listIn<string>(row.approvers),
      quorum: 1,
      exclude_submitter: row.exclude_submitter === 1,
      decided_by: listIn<Actor>(row.decided_by),
      expires_at: timeOrNull(row.approval_expires_at_ms),
      note: row.approval_note,
    },
    ledger_index: row.ledger_index,
    version: row.version,
    created_at: timeText(row.created_at_ms),
    updated_at: timeText(row.updated_at_ms),
  };
  if (mayUseToken(principal, row, gate.nowMs())) action.approval_token = approvalTokenOf(gate.keyring, row);
  if (row.claimed_by !== null) addRun(action, row, row.claimed_by);
  return action;
}

/** Most lists are empty, and need no parsing. */
function listIn<Item>(json: string): Item[] {
  return json === "[]" ? [] : (JSON.parse(json) as Item[]);
}

function addRun(action: Action, row: ActionRow, claimedBy: string): void {
  action.claimed_by = JSON.parse(claimedBy) as Actor;
  if (row.lease_expires_at_ms !== null) action.lease_expires_at = timeText(row.lease_expires_at_ms);
  if (row.permit_expires_at_ms !== null) action.permit_expires_at = timeText(row.permit_expires_at_ms);
  if (row.result !== null) action.result = JSON.parse(row.result) as JsonValue;
  if (row.error !== null) action.error = row.error;
  if (row.meta !== null) action.meta = JSON.parse(row.meta) as JsonObject;
}

function mayUseToken(principal: Principal | null, row: ActionRow, nowMs: number): boolean {
  if (row.status !== "pending_approval" || principal === null || !can(principal, "approve")) return false;
  if (row.approval_expires_at_ms === null || nowMs >= row.approval_expires_at_ms) return false;
  return mayDecide(principal, {
    submittedBy: row.submitted_by,
    approvers: JSON.parse(row.approvers) as string[],
    excludeSubmitter: row.exclude_submitter === 1,
  }).allowed;
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}
