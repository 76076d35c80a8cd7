import { setImmediate as breathe } from "node:timers/promises";
import type { ActionEvent } from "@faramesh/protocol";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { presentEvent } from "./present-event.js";
import { assertCan, type Principal, visibilityOf } from "./principal.js";

/** Which events a stream carries; an empty list means any. */
export interface EventFilter {
  readonly agentId: readonly string[];
  readonly tool: readonly string[];
  readonly status: readonly string[];
}

/** Entries read at a time. */
const PAGE = 200;

/**
 * Every event behind `afterIndex` that the principal may see, in order, without loss: the ledger is read page by page,
 * other requests between the pages, and commits only wake the reader. Ends when the signal is aborted.
 *
 * @param afterIndex - Where it begins, as {@link beginningOf} says.
 * @throws GateError `forbidden`; `rate_limited` when too many streams are open.
 */
export function streamEvents(
  gate: Gate,
  principal: Principal,
  filter: EventFilter,
  afterIndex: number,
  signal: AbortSignal,
): AsyncGenerator<ActionEvent> {
  assertCan(principal, "read");
  if (!gate.announcer.hasRoomFor(principal.id))
    throw new GateError("rate_limited", "too many streams are open", { retryAfterSeconds: 5 });
  return followLedger(gate, principal, filter, afterIndex, signal);
}

async function* followLedger(
  gate: Gate,
  principal: Principal,
  filter: EventFilter,
  afterIndex: number,
  signal: AbortSignal,
): AsyncGenerator<ActionEvent> {
  let wake = (): void => {};
  let changed = true;
  const notice = (): void => {
    changed = true;
    wake();
  };
  const forget = gate.announcer.onAny(principal.id, notice);
  signal.addEventListener("abort", notice);
  try {
    let last = afterIndex;
    while (!signal.aborted) {
      changed = false;
      const size = await gate.store.ledgerSize();
      const entries = await gate.store.actionEntries(last, PAGE, visibilityOf(principal));
      for (const entry of entries) {
        last = entry.idx;
        const event = presentEvent(entry);
        if (isWanted(filter, event)) yield event;
        if (signal.aborted) return;
      }
      if (entries.length === PAGE) {
        await breathe();
        continue;
      }
      // What was passed over need not be read again: everything below the size at the time was looked at.
      last = Math.max(last, size - 1);
      if (!changed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    forget();
    signal.removeEventListener("abort", notice);
  }
}

/** Where a stream begins. */
export interface Beginning {
  /** The ledger index that it begins behind; −1 for the first entry of all. */
  readonly after: number;
  /** What the reader asked for begins earlier, and was pruned. */
  readonly isGap: boolean;
}

/** @param afterIndex - The last event the reader has; null for "from now on". */
export async function beginningOf(gate: Gate, afterIndex: number | null): Promise<Beginning> {
  if (afterIndex === null) return { after: (await gate.store.ledgerSize()) - 1, isGap: false };
  const firstIndex = await gate.store.firstIndex();
  return { after: Math.max(afterIndex, firstIndex - 1), isGap: afterIndex < firstIndex - 1 };
}

function isWanted(filter: EventFilter, event: ActionEvent): boolean {
  const among = (wanted: readonly string[], value: string): boolean => wanted.length === 0 || wanted.includes(value);
  return among(filter.agentId, event.agent_id) && among(filter.tool, event.tool) && among(filter.status, event.status);
}
