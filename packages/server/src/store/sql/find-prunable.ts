import { setImmediate as breathe } from "node:timers/promises";
import { encodeFrontier, type Frontier } from "@faramesh/core";
import { LedgerTail } from "../ledger-tail.js";
import { LedgerMismatchError, type LedgerRow, type Pruning } from "../store.js";
import type { Ask, HeadRow } from "./database.js";
import { PRUNING, removableValues } from "./prune-statements.js";
import { SQL } from "./statements.js";
import { frontierUpTo } from "./verify-ledger.js";

/** Rows read at a time: a few milliseconds of work, between which others are let in. */
const PAGE = 250;

/** What can be pruned, and what the ledger is verified from afterwards. */
export interface Prunable extends Pruning {
  /** Where the ledger began when this was found. */
  readonly fromIndex: number;
  /** The tree before {@link Pruning.firstIndex}. */
  readonly frontier: Frontier;
  /** Whether the store keeps that frontier already. */
  readonly isFrontierStored: boolean;
}

/**
 * Finds what nothing needs any more from before a time on. Every entry that could go is recomputed on the way: a
 * ledger that was touched is evidence, and is not pruned.
 *
 * @throws LedgerMismatchError naming the first entry that is not what its hashes say.
 */
export async function findPrunable(ask: Ask, beforeMs: number): Promise<Prunable> {
  const [head] = await ask<HeadRow>({ sql: SQL.head, values: [] });
  if (head === undefined) throw new LedgerMismatchError(0, "the ledger has no head");
  const { first_index: fromIndex } = head;
  const tail = new LedgerTail(await frontierUpTo(ask, fromIndex, fromIndex));
  const { frontier, root } = (await readOn(ask, tail, beforeMs)) ? tail.beforeCommit : tail.finish();
  return {
    fromIndex,
    firstIndex: frontier.size,
    frontier,
    root,
    isFrontierStored: frontier.size === fromIndex || (await isStored(ask, frontier)),
    entries: frontier.size - fromIndex,
    actions: await countRemovable(ask, beforeMs),
  };
}

/** Reads up to and with the first entry that stays; false when there is none. */
async function readOn(ask: Ask, tail: LedgerTail, beforeMs: number): Promise<boolean> {
  for (let isMore = true; isMore; await breathe()) {
    const values = [...removableValues(beforeMs), tail.size, PAGE];
    const rows = await ask<LedgerRow & { is_kept: 0 | 1 }>({ sql: PRUNING.entriesFrom, values });
    for (const row of rows) {
      const isOlder = tail.add(row) < beforeMs;
      if (!isOlder || row.is_kept !== 0) return true;
    }
    isMore = rows.length === PAGE;
  }
  return false;
}

/** @throws LedgerMismatchError when a frontier is stored there that is another one. */
async function isStored(ask: Ask, frontier: Frontier): Promise<boolean> {
  const stored = await frontierUpTo(ask, frontier.size, 0);
  if (stored.size !== frontier.size) return false;
  if (encodeFrontier(stored).equals(encodeFrontier(frontier))) return true;
  throw new LedgerMismatchError(frontier.size, "follows another tree than the one stored before it");
}

async function countRemovable(ask: Ask, beforeMs: number): Promise<number> {
  const [running] = await ask<{ before_ms: number }>({ sql: PRUNING.runningBefore, values: [] });
  let count = 0;
  for (let after: string | null = ""; after !== null; await breathe()) {
    const page = await countFrom(ask, after, beforeMs, running?.before_ms ?? 0);
    count += page.removable;
    after = page.last;
  }
  return count;
}

/** @param countedMs - Actions that nothing happened to since are removed already, by a pruning that counted them. */
async function countFrom(ask: Ask, after: string, beforeMs: number, countedMs: number): Promise<Page> {
  const removable = removableValues(beforeMs);
  const values = [...removable, countedMs, after, removable[0], PAGE];
  const [page] = await ask<Page>({ sql: PRUNING.countFrom, values });
  return page ?? { last: null, removable: 0 };
}

interface Page {
  /** The last action that was looked at; null when there was none. */
  readonly last: string | null;
  readonly removable: number;
}
