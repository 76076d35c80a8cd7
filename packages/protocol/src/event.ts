import type { Actor } from "./action.js";
import type { Outcome, ReasonCode, RiskLevel, Status } from "./words.js";

/** One step in an action's life, as `GET /v1/events` streams it and `GET /v1/actions/{id}/events` lists it. */
export interface ActionEvent {
  /** The entry's index in the ledger; also the SSE `id`. */
  ledger_index: number;
  /** `action.` and the status the action came to, or `permit.consumed`. */
  type: `action.${Status}` | "permit.consumed";
  at: string;
  action_id: string;
  agent_id: string;
  tool: string;
  operation: string;
  status: Status;
  outcome: Outcome;
  reason_code: ReasonCode;
  reason: string;
  rule_id: string | null;
  risk_level: RiskLevel;
  actor: Actor;
  /** The leaf's hash in the ledger: hex SHA-256 over 0x00 and the entry's canonical JSON (RFC 9162, 2.1.1). */
  leaf_hash: string;
}
