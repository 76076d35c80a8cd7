import { decodeFrontier, EMPTY_FRONTIER, type Frontier, rootOf } from "@faramesh/core";
import { LedgerTail } from "../ledger-tail.js";
import { LedgerMismatchError, type LedgerRow } from "../store.js";
import type { Ask, HeadRow } from "./database.js";
import { PRUNING } from "./prune-statements.js";
import { saysPruned } from "./pruned-entry.js";
import { SQL } from "./statements.js";

/** Entries read at a time. */
const PAGE = 1_000;

/** Entries that are recomputed at the least, however many frontiers are stored behind them. */
const TAIL_MIN = 256;

interface StoredFrontier {
  readonly size: number;
  readonly subtrees: Uint8Array;
}

/**
 * Recomputes the tail of the stored tree, leaf by leaf, from a frontier that was stored {@link TAIL_MIN} entries or
 * more before its end, and holds the head against it.
 *
 * @throws LedgerMismatchError naming the first entry that is not what its hashes say.
 */
export async function verifyLedger(ask: Ask): Promise<void> {
  const [head] = await ask<HeadRow>({ sql: SQL.head, values: [] });
  if (head === undefined) throw new LedgerMismatchError(0, "the ledger has no head");
  const [end] = await ask<{ stored: number }>({ sql: SQL.storedEnd, values: [] });
  const tail = new LedgerTail(await baseFrontier(ask, head, end?.stored ?? 0));
  for (let from = tail.size, isMore = true; isMore; from = tail.size) {
    const rows = await ask<LedgerRow>({ sql: SQL.entriesFrom, values: [from, PAGE] });
    for (const row of rows) tail.add(row);
    isMore = rows.length === PAGE;
  }
  await assertNothingCutOff(ask, tail.size, head);
  await assertPruned(ask, head.first_index);
  const { frontier } = tail.finish();
  if (Buffer.compare(Buffer.concat(frontier.subtrees), head.subtrees) !== 0) {
    throw new LedgerMismatchError(tail.size - 1, "leads to another tree than the head");
  }
}

/** The newest stored frontier that leaves enough to recompute; without one, where pruning ended, or nothing. */
async function baseFrontier(ask: Ask, head: HeadRow, stored: number): Promise<Frontier> {
  const frontier = await frontierUpTo(ask, Math.max(stored - TAIL_MIN, head.first_index), head.first_index);
  // What was pruned left its frontier alone; the first entry behind it names the root.
  if (frontier.size > head.first_index) await assertRoot(ask, frontier);
  return frontier;
}

/**
 * The newest stored frontier of at most `upTo` entries.
 *
 * @param firstIndex - The oldest entry that was not pruned: without the frontier before it nothing can be verified.
 * @throws LedgerMismatchError when there is none.
 */
export async function frontierUpTo(ask: Ask, upTo: number, firstIndex: number): Promise<Frontier> {
  const [stored] = await ask<StoredFrontier>({ sql: SQL.frontierUpTo, values: [upTo] });
  if (stored === undefined && firstIndex === 0) return EMPTY_FRONTIER;
  if (stored === undefined || stored.size < firstIndex) {
    throw new LedgerMismatchError(firstIndex, "is missing, or the edge of the tree before it");
  }
  return decodeFrontier(stored.size, stored.subtrees);
}

async function assertRoot(ask: Ask, frontier: Frontier): Promise<void> {
  const index = frontier.size - 1;
  const [last] = await ask<{ root: Uint8Array }>({ sql: SQL.rootAt, values: [index] });
  if (last === undefined) throw new LedgerMismatchError(index, "is missing");
  if (!rootOf(frontier).equals(last.root)) throw new LedgerMismatchError(index, "has another root than the tree");
}

/** The head, the frontiers and the newest actions name entries: a tail that was cut off leaves names of what is gone. */
async function assertNothingCutOff(ask: Ask, size: number, head: HeadRow): Promise<void> {
  const [frontier] = await ask<{ size: number }>({ sql: SQL.newestFrontier, values: [] });
  const [named] = await ask<{ newest: number }>({ sql: SQL.newestNamed, values: [] });
  const told = Math.max(head.size, frontier?.size ?? 0, (named?.newest ?? -1) + 1);
  if (told > size) throw new LedgerMismatchError(size, `is missing: the ledger had ${told} entries`);
  if (head.size < size) throw new LedgerMismatchError(head.size, "stands behind the end that the head says");
}

/** A ledger that does not begin at 0 holds the entry that says why. */
async function assertPruned(ask: Ask, firstIndex: number): Promise<void> {
  if (firstIndex === 0) return;
  const [entry] = await ask<{ leaf: string }>({ sql: PRUNING.lastEntry, values: [] });
  if (entry !== undefined && saysPruned(entry.leaf, firstIndex)) return;
  throw new LedgerMismatchError(firstIndex - 1, "is missing, and no entry says that it was pruned");
}
