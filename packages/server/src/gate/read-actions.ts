import { type ActionEvent, FINAL_STATUSES, type Status } from "@faramesh/protocol";
import type { ActionFilter, ActionPage, ActionRow } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { presentEvent } from "./present-event.js";
import { assertCan, type Principal, visibilityOf } from "./principal.js";
import { readableAction } from "./take-step.js";

/** Actions the principal may read, newest first. */
export function listActions(
  gate: Gate,
  principal: Principal,
  filter: Omit<ActionFilter, "visibleTo">,
): Promise<ActionPage> {
  assertCan(principal, "read");
  return gate.store.actions({ ...filter, visibleTo: visibilityOf(principal) });
}

/**
 * One action.
 *
 * @throws GateError `not_found` when there is none, or none this principal may read.
 */
export function getAction(gate: Gate, principal: Principal, id: string): Promise<ActionRow> {
  assertCan(principal, "read");
  return readableAction(gate, principal, id);
}

/** Every step in an action's life, oldest first. */
export async function actionTimeline(gate: Gate, principal: Principal, id: string): Promise<ActionEvent[]> {
  await getAction(gate, principal, id);
  return (await gate.store.timeline(id)).map(presentEvent);
}

/** What a held request waits for. */
export interface Wait {
  /** The status the caller knows. */
  readonly from: Status;
  readonly waitMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/**
 * Waits until an action's status is another than the caller knows, the time is over, or nobody waits any more; then
 * answers the action as it is. A final status is not waited on.
 *
 * @throws GateError `rate_limited` when too many wait already.
 */
export async function waitForChange(gate: Gate, principal: Principal, row: ActionRow, wait: Wait): Promise<ActionRow> {
  const { from, waitMs, signal } = wait;
  if (waitMs === 0 || row.status !== from || FINAL_STATUSES.includes(row.status) || signal.aborted) return row;
  if (!gate.announcer.hasRoomFor(principal.id)) {
    throw new GateError("rate_limited", "too many requests are waiting", { retryAfterSeconds: 1 });
  }
  return new Promise<ActionRow>((resolve, reject) => {
    let latest = row;
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      forget();
      signal.removeEventListener("abort", finish);
      end();
    };
    const finish = (): void => settle(() => resolve(latest));
    const look = (): void => {
      gate.store.action(row.id).then(
        (found) => {
          latest = found ?? latest;
          if (latest.status !== from) finish();
        },
        (error: unknown) => settle(() => reject(error)),
      );
    };
    const forget = gate.announcer.onAction(principal.id, row.id, look);
    const timer = setTimeout(finish, waitMs);
    signal.addEventListener("abort", finish);
    look();
  });
}
