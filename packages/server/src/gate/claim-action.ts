import { permitClaims } from "@faramesh/core";
import { type Actor, canonicalJson, LIMITS, timeText } from "@faramesh/protocol";
import type { ActionRow } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertActsAs, assertCan, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";
import { recordedAction } from "./recorded-action.js";
import { idempotencyClaim, readableAction, type StepTaken, takeStep } from "./take-step.js";

/** A claimed action and the permit to run it. */
export interface Claim extends StepTaken {
  readonly permit: string;
}

/**
 * Claims an action for running, at most once: one compare-and-set from `allowed` or `approved` to `executing`.
 *
 * @param leaseSeconds - How long the claim holds without a report; null for the default.
 * @throws GateError `forbidden`, `not_found`, `not_claimable`, `idempotency_conflict`
 */
export async function claimAction(
  gate: Gate,
  principal: Principal,
  id: string,
  leaseSeconds: number | null,
  idempotencyKey: string | null,
): Promise<Claim> {
  assertCan(principal, "run");
  const idempotency = idempotencyClaim(principal, idempotencyKey, `start ${id} ${leaseSeconds}`);
  const taken = await takeStep(gate, {
    idempotency,
    read: () => readableAction(gate, principal, id),
    plan(row) {
      assertActsAs(principal, row.agent_id);
      const decidedAt = gate.rules.index;
      const nowMs = gate.nowMs();
      assertClaimable(gate, row, nowMs);
      recordedAction(row);
      const leaseMs = (leaseSeconds ?? gate.settings.leaseSecondsDefault) * 1000;
      const permitExpiresAtMs = permitEndMs(nowMs, leaseMs);
      const set = {
        claimed_by: canonicalJson(actorOf(principal)),
        lease_expires_at_ms: nowMs + leaseMs,
        permit_jti: gate.newId(),
        permit_expires_at_ms: permitExpiresAtMs,
      };
      const more = {
        permit_jti: set.permit_jti,
        permit_expires_at: timeText(permitExpiresAtMs),
        lease_expires_at: timeText(set.lease_expires_at_ms),
      };
      return stepFrom(row, {
        to: "executing",
        set,
        actor: actorOf(principal),
        atMs: nowMs,
        idempotency,
        more,
        decidedAt,
      });
    },
  });
  return { ...taken, permit: await permitFor(gate, taken.action) };
}

function assertClaimable(gate: Gate, row: ActionRow, nowMs: number): void {
  const refuse = (why: string): GateError => new GateError("not_claimable", why, { actionStatus: row.status });
  if (row.status === "executing" && row.claimed_by !== null) {
    throw refuse(`the action is already claimed by ${(JSON.parse(row.claimed_by) as Actor).name}`);
  }
  if (row.status !== "allowed" && row.status !== "approved") throw refuse(`the action is ${row.status}`);
  if (row.claimable_until_ms === null || nowMs >= row.claimable_until_ms) {
    throw refuse("the decision is too old to act on; submit the action again");
  }
  if (gate.rules.isDisabled(row.agent_id)) throw refuse("the agent is disabled");
}

/** A permit proves a claim, so it never outlasts the claim's lease. Whole seconds, as its claims have. */
function permitEndMs(nowMs: number, leaseMs: number): number {
  return Math.floor((nowMs + Math.min(leaseMs, LIMITS.permitTtlSeconds * 1000)) / 1000) * 1000;
}

/** When a UUIDv7 was made: its first 48 bits (RFC 9562, 5.7), in milliseconds since the epoch. */
function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

/** The permit of a claimed action: derived from the row alone, so that a repeated request gets the same one. */
async function permitFor(gate: Gate, row: ActionRow): Promise<string> {
  if (row.status !== "executing" || row.permit_jti === null || row.permit_expires_at_ms === null) {
    throw new GateError("not_claimable", `the action is ${row.status} by now`, { actionStatus: row.status });
  }
  return gate.keyring.signPermit(
    permitClaims(
      { ...row, params: recordedAction(row).params },
      {
        issuer: gate.settings.issuer,
        audience: gate.settings.permitAudience,
        jti: row.permit_jti,
        issuedAtMs: timeOfId(row.permit_jti),
        expiresAtMs: row.permit_expires_at_ms,
      },
    ),
  );
}
