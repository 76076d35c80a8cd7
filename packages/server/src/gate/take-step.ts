import type { ActionRow, ActionStep, IdempotencyClaim, Recorded } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { mayRead, type Principal } from "./principal.js";

/** An action after a request about it, and whether the request had been made before. */
export interface StepTaken {
  readonly action: ActionRow;
  readonly replayed: boolean;
}

/** A request to change an action. */
export interface StepRequest {
  /** Reads the action, refusing whom it must not be shown to. */
  readonly read: () => Promise<ActionRow>;
  readonly idempotency: IdempotencyClaim | null;
  /** Checks the action and says the step, or null when the step was taken by the same request before. */
  readonly plan: (row: ActionRow) => ActionStep | null;
}

/** Attempts before a much-contested action is given up; each loses only to another step that was recorded. */
const ATTEMPTS_MAX = 10;

/**
 * Reads an action, lets `plan` check it and say the step, and takes the step if the action is still what was read;
 * otherwise reads and checks again. So every rule is checked against the very version that the step changes. A request
 * whose idempotency key is known changes nothing: the key is looked up after the action is read, so that an action
 * which this same request changed a moment ago is never mistaken for somebody else's.
 */
export async function takeStep(gate: Gate, request: StepRequest): Promise<StepTaken> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const row = await request.read();
    const known = request.idempotency === null ? null : await gate.store.known(request.idempotency);
    const recorded = known ?? (await stepOnce(gate, row, request.plan));
    const taken = takenFrom(recorded);
    if (taken !== null) return taken;
    if (recorded.kind === "outdated") await gate.rules.refresh();
  }
  throw new GateError("conflict", "the action keeps changing; look at it again");
}

async function stepOnce(gate: Gate, row: ActionRow, plan: StepRequest["plan"]): Promise<Recorded> {
  const step = plan(row);
  return step === null ? { kind: "replayed", action: row } : gate.store.step(step);
}

/** What a write came to for the caller; null when the action or the rules had changed and it must be tried again. */
export function takenFrom(recorded: Recorded): StepTaken | null {
  switch (recorded.kind) {
    case "recorded":
      return { action: recorded.action, replayed: false };
    case "replayed":
      return { action: recorded.action, replayed: true };
    case "idempotency_conflict":
      throw new GateError("idempotency_conflict", "this idempotency key was used for another request");
    case "stale":
    case "outdated":
      return null;
  }
}

/** The claim that a request makes with its `Idempotency-Key`; the fingerprint says which request it is. */
export function idempotencyClaim(
  principal: Pick<Principal, "id">,
  key: string | null,
  fingerprint: string,
): IdempotencyClaim | null {
  return key === null ? null : { principalId: principal.id, key, fingerprint };
}

/** The action, if there is one and the principal may read it. What may not be read does not exist. */
export async function readableAction(gate: Gate, principal: Principal, id: string): Promise<ActionRow> {
  const row = await gate.store.action(id);
  if (row === null || !mayRead(principal, row)) throw new GateError("not_found", "there is no such action");
  return row;
}
