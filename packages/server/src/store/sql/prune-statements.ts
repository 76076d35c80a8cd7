import { idsFrom } from "./ids-from.js";

/** A pruning whose rows are still being removed. */
export interface RunningPruning {
  /** The entry that recorded it. */
  readonly ledger_index: number;
  /** Actions that nothing happened to since this time go. */
  readonly before_ms: number;
}

/**
 * The condition that an action may go: it came before a time, nothing happened to it since, and it waits for nobody.
 * Such an action stays as it is, but for an agent that is stopped; so what was found to be removable may be removed later.
 */
export const REMOVABLE = "(id < ? AND updated_at_ms < ? AND status NOT IN ('pending_approval', 'executing'))";

/** The values of {@link REMOVABLE}. The id comes first because actions are in the order of their ids. */
export function removableValues(beforeMs: number): [string, number] {
  return [idsFrom(beforeMs), beforeMs];
}

/** What pruning asks in the same words of both dialects. */
export const PRUNING = {
  /** Entries with whether they are about an action that stays. */
  entriesFrom: `SELECT idx, leaf, leaf_hash, root,
                       coalesce((SELECT CASE WHEN ${REMOVABLE} THEN 0 ELSE 1 END FROM actions
                                  WHERE actions.id = entry.action_id), 0) AS is_kept
                  FROM ledger_entries AS entry WHERE idx >= ? ORDER BY idx LIMIT ?`,
  /** How many of the next actions may go that no earlier pruning counted, and the last one that was looked at. */
  countFrom: `SELECT max(id) AS last,
                     coalesce(sum(CASE WHEN ${REMOVABLE} AND updated_at_ms >= ? THEN 1 ELSE 0 END), 0) AS removable
                FROM (SELECT id, updated_at_ms, status FROM actions WHERE id > ? AND id < ? ORDER BY id LIMIT ?) AS page`,
  /** Before which time actions are being removed already. */
  runningBefore: "SELECT coalesce(max(before_ms), 0) AS before_ms FROM prunings WHERE has_ended = 0",
  begin: "INSERT INTO prunings (ledger_index, before_ms) VALUES (?, ?)",
  oldestRunning: "SELECT ledger_index, before_ms FROM prunings WHERE has_ended = 0 ORDER BY ledger_index LIMIT 1",
  end: "UPDATE prunings SET has_ended = 1 WHERE ledger_index = ?",
  forgetEnded: "DELETE FROM prunings WHERE has_ended = 1",
  /** The entry that recorded the last pruning. */
  lastEntry: "SELECT leaf FROM ledger_entries WHERE idx = (SELECT max(ledger_index) FROM prunings)",
  /** Entries have no gap, so a stretch of indexes is so many of them. */
  removeEntries: `DELETE FROM ledger_entries WHERE idx < (SELECT min(idx) FROM ledger_entries) + ?
                     AND idx < (SELECT first_index FROM ledger_head WHERE id = 1)`,
  /** Frontiers that no stored entry comes behind. */
  removeFrontiers: `DELETE FROM ledger_frontiers WHERE size < (SELECT min(idx) FROM ledger_entries)
                       AND size < (SELECT first_index FROM ledger_head WHERE id = 1)`,
} as const;
