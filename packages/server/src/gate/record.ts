import type { EntryDraft } from "@faramesh/core";
import type { Actor, JsonObject } from "@faramesh/protocol";
import type { ActionPatch, ActionRow, ActionStep, FirstRow, IdempotencyClaim } from "../store/store.js";

/** The part of an action's row that its ledger entries state. */
type Stated = FirstRow;

/**
 * The ledger entry for an action that came to a status. Params and context enter by `request_hash`, which is over
 * their canonical form; what is said beside it, such as a person's reason, stands in `more`.
 */
export function actionEntry(row: Stated, actor: Actor, atMs: number, more: JsonObject, kind?: string): EntryDraft {
  return {
    kind: kind ?? `action.${row.status}`,
    atMs,
    actor,
    // In the order that canonical form gives them, which saves sorting.
    body: {
      action_id: row.id,
      agent_id: row.agent_id,
      decision: row.decision,
      operation: row.operation,
      outcome: row.outcome,
      policy_hash: row.policy_hash,
      policy_id: row.policy_id,
      policy_version: row.policy_version,
      provenance_id: row.provenance_id,
      reason: row.reason,
      reason_code: row.reason_code,
      request_hash: row.request_hash,
      risk_level: row.risk_level,
      rule_id: row.rule_id,
      status: row.status,
      tool: row.tool,
      version: row.version,
      ...more,
    },
  };
}

/** What a step in an action's life needs beside the action. */
export interface StepInput {
  readonly to: ActionRow["status"];
  readonly set: ActionPatch;
  readonly actor: Actor;
  readonly atMs: number;
  readonly idempotency: IdempotencyClaim | null;
  /** How new the rules were that had a say in it. */
  readonly decidedAt?: number;
  /** What the ledger entry says beyond the action's own fields. */
  readonly more?: JsonObject;
  readonly kind?: string;
}

/** A step from exactly this version of an action, with the ledger entry that states where it came to. */
export function stepFrom(row: ActionRow, input: StepInput): ActionStep {
  const next = { ...row, ...input.set, status: input.to, version: row.version + 1 };
  return {
    id: row.id,
    ifVersion: row.version,
    to: input.to,
    set: input.set,
    atMs: input.atMs,
    entry: actionEntry(next, input.actor, input.atMs, input.more ?? {}, input.kind),
    idempotency: input.idempotency,
    decidedAt: input.decidedAt ?? null,
  };
}
