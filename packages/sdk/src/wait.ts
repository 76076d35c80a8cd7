import { type Action, FINAL_STATUSES, LIMITS, STATUSES } from "@faramesh/protocol";
import { assertArgument, type CallOptions, getAction } from "./calls.js";
import { ApprovalTimeout, CompletionTimeout, deniedError, type FarameshError } from "./errors.js";
import { type LinkedAbort, linkAbort } from "./exchange.js";
import { pause } from "./pause.js";
import { badResponse } from "./read-answer.js";
import { isPassing, type Transport } from "./transport.js";

/** How long to wait. */
export interface WaitOptions extends CallOptions {
  /** Seconds, at most 7 days. Default 900. */
  waitSeconds?: number | undefined;
}

/** What is waited for, and the error when it does not come. */
interface Goal {
  isReached(action: Action): boolean;
  timeoutError(action: Action): FarameshError;
}

const DECIDED: Goal = {
  isReached: (action) => action.status !== "pending_approval",
  timeoutError: (action) => new ApprovalTimeout(action),
};

const COMPLETE: Goal = {
  isReached: (action) => FINAL_STATUSES.includes(action.status),
  timeoutError: (action) => new CompletionTimeout(action),
};

const HOLD_SECONDS_MAX = 20;
const PAUSE_MS = 500;

/**
 * Waits until a person has decided an action.
 *
 * @param from - The action, or its id: that is all a process that died needs to go on waiting.
 * @returns The action, not pending any more, denied neither.
 * @throws {@link ActionDenied} when it was rejected, expired or cancelled; {@link ApprovalTimeout} when the wait is
 *   over; the last failure when the gate was away until then.
 */
export async function waitForApproval(
  transport: Transport,
  from: Action | string,
  options: WaitOptions,
): Promise<Action> {
  const action = await waitUntil(transport, from, options, DECIDED);
  if (action.status === "denied" || action.status === "expired" || action.status === "cancelled") {
    throw deniedError(action);
  }
  if (!STATUSES.includes(action.status)) throw badResponse(`The status ${action.status} is not understood`);
  return action;
}

/**
 * Waits until nothing can change an action any more.
 *
 * @returns The action, whatever its end.
 * @throws {@link CompletionTimeout} when the wait is over; the last failure when the gate was away until then.
 */
export function waitForCompletion(transport: Transport, from: Action | string, options: WaitOptions): Promise<Action> {
  return waitUntil(transport, from, options, COMPLETE);
}

async function waitUntil(
  transport: Transport,
  from: Action | string,
  options: WaitOptions,
  goal: Goal,
): Promise<Action> {
  const wait = new Wait(options);
  try {
    let action = typeof from === "string" ? await transport.send(getAction(from, { signal: options.signal })) : from;
    if (goal.isReached(action)) return action;
    while (!goal.isReached(action)) action = await wait.ask(transport, action, goal);
    // An answer from after the end is not one: whoever was told that the wait is over must not see a tool run.
    if (wait.isOver) throw goal.timeoutError(action);
    return action;
  } finally {
    wait.release();
  }
}

/** One wait, with an end that is always kept. */
class Wait {
  readonly #endsAtMs: number;
  readonly #link: LinkedAbort;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #caller: AbortSignal | undefined;
  #failure: FarameshError | null = null;

  constructor({ waitSeconds = LIMITS.approvalTtlSecondsDefault, signal }: WaitOptions) {
    const most = LIMITS.approvalTtlSecondsMax;
    assertArgument(waitSeconds >= 0 && waitSeconds <= most, `waitSeconds must be a number from 0 to ${most}`);
    this.#caller = signal;
    this.#link = linkAbort(signal);
    this.#endsAtMs = performance.now() + waitSeconds * 1000;
    this.#timer = setTimeout(() => this.#link.abort(new Error("the wait is over")), waitSeconds * 1000);
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#link.release();
  }

  /** Asks once more how the action stands; a gate that restarts meanwhile does not end the wait. */
  async ask(transport: Transport, action: Action, goal: Goal): Promise<Action> {
    if (this.isOver) throw this.#failure ?? goal.timeoutError(action);
    const askedAtMs = performance.now();
    let latest = action;
    try {
      const leftSeconds = Math.max(0, (this.#endsAtMs - performance.now()) / 1000);
      const options = {
        waitSeconds: Math.min(HOLD_SECONDS_MAX, leftSeconds),
        knownStatus: action.status,
        signal: this.#link.signal,
      };
      latest = await transport.send(getAction(action.id, options));
      this.#failure = null;
    } catch (error) {
      this.#caller?.throwIfAborted();
      if (this.#link.signal.aborted) throw this.#failure ?? goal.timeoutError(action);
      if (!isPassing(error)) throw error;
      this.#failure = error;
    }
    if (!goal.isReached(latest)) await this.#leaveAlone(askedAtMs);
    return latest;
  }

  /** Leaves the gate alone for a moment when it answered without holding the question. */
  async #leaveAlone(askedAtMs: number): Promise<void> {
    const now = performance.now();
    if (now - askedAtMs >= PAUSE_MS) return;
    await pause(Math.max(0, Math.min(PAUSE_MS, this.#endsAtMs - now)), this.#caller);
  }
}
