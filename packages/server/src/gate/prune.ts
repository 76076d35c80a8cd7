import { timeText } from "@faramesh/protocol";
import { LedgerMismatchError, type Pruning } from "../store/store.js";
import { GateError, StoreUnavailableError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertCan, type Principal } from "./principal.js";

/** By then approvals, claims and leases have ended, and idempotency keys are forgotten. */
const AGE_DAYS_MIN = 8;
const DAY_MS = 86_400_000;

/** How long the removal is waited for; what is left by then is removed in the background. */
const REMOVE_MS = 30_000;

/** What a pruning comes to. */
export interface Pruned {
  readonly before: string;
  readonly actions: number;
  readonly entries: number;
  /** The oldest entry that stays. */
  readonly first_index: number;
  /** The root of the tree before that entry. */
  readonly root: string;
  readonly dry_run: boolean;
  /** Whether all of it is gone by now. */
  readonly removed: boolean;
}

/**
 * Removes actions that nothing happened to since a time, and the beginning of the ledger up to there; what stays is
 * verified as before. With `dryRun` it only says what would go. Admins only.
 *
 * @throws GateError `forbidden`; `too_recent`; `conflict` when what would go is not what its hashes say.
 */
export async function prune(gate: Gate, principal: Principal, beforeMs: number, dryRun: boolean): Promise<Pruned> {
  assertCan(principal, "manage");
  assertOldEnough(beforeMs, gate.nowMs());
  const { store } = gate;
  const request = { beforeMs, actor: actorOf(principal), atMs: gate.nowMs() };
  const pruning = await unlessTouched(dryRun ? store.prunable(beforeMs) : store.prune(request));
  const removed = !dryRun && (await removeNow(gate));
  return {
    before: timeText(beforeMs),
    actions: pruning.actions,
    entries: pruning.entries,
    first_index: pruning.firstIndex,
    root: Buffer.from(pruning.root).toString("hex"),
    dry_run: dryRun,
    removed,
  };
}

function assertOldEnough(beforeMs: number, nowMs: number): void {
  if (beforeMs <= nowMs - AGE_DAYS_MIN * DAY_MS) return;
  const message = `before must be ${AGE_DAYS_MIN} days ago or more: what is younger may still be waited for`;
  throw new GateError("too_recent", message, { faults: [{ path: "$.before", code: "too_recent", message }] });
}

async function unlessTouched(pruning: Promise<Pruning>): Promise<Pruning> {
  try {
    return await pruning;
  } catch (error) {
    if (!(error instanceof LedgerMismatchError)) throw error;
    throw new GateError("conflict", `nothing was pruned, because the ledger was touched: ${error.message}`);
  }
}

/** The pruning is on record by now, whatever becomes of this: what is left is tried again in the background. */
async function removeNow({ store }: Gate): Promise<boolean> {
  try {
    return await store.removePruned(REMOVE_MS);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return false;
    throw error;
  }
}
