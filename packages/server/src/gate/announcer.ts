import type { Committed } from "../store/store.js";

/** Held requests and open streams at a time, of all and of one principal; more are refused rather than queued. */
const WAITING_MAX = 10_000;
const WAITING_OF_ONE_MAX = 1_000;

/**
 * Tells waiting requests and open streams that something was committed. It carries no data: who is woken reads the
 * store, so a lost or doubled wake-up loses nothing.
 */
export class Announcer {
  readonly #byAction = new Map<string, Set<() => void>>();
  readonly #streams = new Set<() => void>();
  readonly #byPrincipal = new Map<string, number>();
  #waiting = 0;

  /** Held requests and open streams at present. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether one more request of this principal may be held. */
  hasRoomFor(principalId: string): boolean {
    return this.#waiting < WAITING_MAX && (this.#byPrincipal.get(principalId) ?? 0) < WAITING_OF_ONE_MAX;
  }

  /** Wakes everybody whom these entries concern. */
  announce(entries: readonly Committed[]): void {
    for (const { action_id } of entries) {
      const wakes = action_id === null ? undefined : this.#byAction.get(action_id);
      if (wakes !== undefined) for (const wake of [...wakes]) wake();
    }
    for (const wake of this.#streams) wake();
  }

  /** Calls `wake` after each commit about one action, until the returned function is called. */
  onAction(principalId: string, actionId: string, wake: () => void): () => void {
    const wakes = this.#byAction.get(actionId) ?? new Set();
    this.#byAction.set(actionId, wakes.add(wake));
    this.#count(principalId, 1);
    return () => {
      if (!wakes.delete(wake)) return;
      this.#count(principalId, -1);
      if (wakes.size === 0) this.#byAction.delete(actionId);
    };
  }

  /** Calls `wake` after each commit, until the returned function is called. */
  onAny(principalId: string, wake: () => void): () => void {
    this.#streams.add(wake);
    this.#count(principalId, 1);
    return () => {
      if (this.#streams.delete(wake)) this.#count(principalId, -1);
    };
  }

  #count(principalId: string, change: 1 | -1): void {
    this.#waiting += change;
    const ofOne = (this.#byPrincipal.get(principalId) ?? 0) + change;
    if (ofOne === 0) this.#byPrincipal.delete(principalId);
    else this.#byPrincipal.set(principalId, ofOne);
  }
}
