import { LIMITS } from "@faramesh/protocol";
import { GATEWAY_LIMITS } from "./limits.js";

/** A call whose action is held at the gate, while nobody waits for it. */
export interface ParkedCall {
  readonly actionId: string;
  /** Of the agent, the tool and its arguments. */
  readonly callHash: string;
  /** What the action was submitted under: submitting it again leads to the same action. */
  readonly idempotencyKey: string;
  /** How often the call was answered with `input_required`. */
  readonly rounds: number;
}

interface Kept extends ParkedCall {
  readonly parkedAtMs: number;
}

/** For as long as the gate surely knows an idempotency key. */
const KEPT_MS = LIMITS.idempotencyTtlSeconds * 1000 - 60_000;

/** The held calls of one session. A call that is resumed is taken out: no two calls go on with one action. */
export class ParkedCalls {
  readonly #calls = new Map<string, Kept>();

  park(call: ParkedCall): void {
    const oldest = this.#calls.keys().next();
    if (this.#calls.size >= GATEWAY_LIMITS.parkedMax && !oldest.done) this.#calls.delete(oldest.value);
    this.#calls.set(call.actionId, { ...call, parkedAtMs: Date.now() });
  }

  /** The longest parked call with these arguments. */
  takeEqual(callHash: string): ParkedCall | undefined {
    for (const { actionId, callHash: other } of this.#calls.values()) {
      if (other === callHash) return this.take(actionId, callHash);
    }
    return undefined;
  }

  /** The call of this action, if it has these arguments. */
  take(actionId: string, callHash: string): ParkedCall | undefined {
    const call = this.#calls.get(actionId);
    if (call === undefined || call.callHash !== callHash) return undefined;
    this.#calls.delete(actionId);
    return Date.now() - call.parkedAtMs < KEPT_MS ? call : undefined;
  }
}
