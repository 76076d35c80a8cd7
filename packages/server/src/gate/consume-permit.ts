import { type PermitClaims, timeText } from "@faramesh/protocol";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertActsAs, assertCan, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";
import { readableAction, takeStep } from "./take-step.js";

/** A permit that is used up. */
export interface ConsumedPermit {
  readonly jti: string;
  readonly action_id: string;
  readonly consumed_at: string;
}

/**
 * Uses a permit up, once across all executors.
 *
 * @throws GateError `invalid_permit` when it is not one of ours or over; `permit_consumed` the second time.
 */
export async function consumePermit(gate: Gate, principal: Principal, permit: string): Promise<ConsumedPermit> {
  assertCan(principal, "run");
  const claims = await readPermit(gate, permit);
  const { action } = await takeStep(gate, {
    idempotency: null,
    read: () => readableAction(gate, principal, claims.act.id),
    plan(row) {
      assertActsAs(principal, row.agent_id);
      if (row.permit_jti !== claims.jti || row.request_hash !== claims.act.request_hash) {
        throw new GateError("invalid_permit", "the permit is not the one this action's claim was given");
      }
      if (row.permit_consumed_at_ms !== null) throw new GateError("permit_consumed", "the permit was already used");
      if (row.status !== "executing") {
        throw new GateError("conflict", `the action is ${row.status}`, { actionStatus: row.status });
      }
      const atMs = gate.nowMs();
      const actor = actorOf(principal);
      const set = { permit_consumed_at_ms: atMs };
      const more = { permit_jti: claims.jti };
      return stepFrom(row, { to: "executing", set, actor, atMs, idempotency: null, more, kind: "permit.consumed" });
    },
  });
  return {
    jti: claims.jti,
    action_id: action.id,
    consumed_at: timeText(action.permit_consumed_at_ms ?? action.updated_at_ms),
  };
}

async function readPermit(gate: Gate, permit: string): Promise<PermitClaims> {
  try {
    return await gate.keyring.readPermit(permit);
  } catch {
    throw new GateError("invalid_permit", "the permit's form, signature or expiry is wrong");
  }
}
