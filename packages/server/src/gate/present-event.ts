import type { ActionEvent, Actor } from "@faramesh/protocol";
import type { LedgerRow } from "../store/store.js";

/** The part of a ledger entry about an action that its event shows. */
interface StoredEntry {
  at: string;
  kind: ActionEvent["type"];
  actor: Actor;
  body: Omit<ActionEvent, "ledger_index" | "type" | "at" | "actor" | "leaf_hash">;
}

/** The event that a ledger entry about an action is shown as. */
export function presentEvent(row: LedgerRow): ActionEvent {
  const { at, kind, actor, body } = JSON.parse(row.leaf) as StoredEntry;
  return {
    ledger_index: row.idx,
    type: kind,
    at,
    action_id: body.action_id,
    agent_id: body.agent_id,
    tool: body.tool,
    operation: body.operation,
    status: body.status,
    outcome: body.outcome,
    reason_code: body.reason_code,
    reason: body.reason,
    rule_id: body.rule_id,
    risk_level: body.risk_level,
    actor,
    leaf_hash: Buffer.from(row.leaf_hash).toString("hex"),
  };
}
