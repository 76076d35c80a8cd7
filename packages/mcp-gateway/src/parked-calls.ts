import { LIMITS } from "@faramesh/protocol";
import { GATEWAY_LIMITS } from "./limits.js";

/** A call whose action may be held at the gate, while nobody waits for it. */
export interface ParkedCall {
  /** Null where the gate may know the action, but its answer never came. */
  readonly actionId: string | null;
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

/** The held calls of one agent. A call that is resumed is taken out: no two calls go on with one action. */
export class ParkedCalls {
  readonly #calls = new Set<Kept>();

  park(call: ParkedCall): void {
    const [oldest] = this.#calls;
    if (this.#calls.size >= GATEWAY_LIMITS.parkedMax && oldest !== undefined) this.#calls.delete(oldest);
    this.#calls.add({ ...call, parkedAtMs: Date.now() });
  }

  /**
   * The call with these arguments that was parked for longest.
   *
   * @param actionId - Only the call of this action.
   */
  take(callHash: string, actionId?: string): ParkedCall | undefined {
    for (const call of this.#calls) {
      if (call.callHash !== callHash || (actionId !== undefined && call.actionId !== actionId)) continue;
      this.#calls.delete(call);
      if (Date.now() - call.parkedAtMs < KEPT_MS) return call;
    }
    return undefined;
  }
}

/** The held calls of each agent: they outlive its sessions, so that a client that begins anew goes on with them. */
export class ParkedByAgent {
  readonly #agents = new Map<string, ParkedCalls>();

  of(agentId: string): ParkedCalls {
    const parked = this.#agents.get(agentId) ?? new ParkedCalls();
    const oldest = this.#agents.keys().next();
    if (!this.#agents.has(agentId) && this.#agents.size >= GATEWAY_LIMITS.agentsMax && !oldest.done) {
      this.#agents.delete(oldest.value);
    }
    this.#agents.set(agentId, parked);
    return parked;
  }
}
