import type { Visibility } from "../store.js";
import type { Dialect, SqlQuery } from "./database.js";
import { visibleCondition } from "./list-actions.js";

/** A stretch of the ledger: the entries above `afterIndex`, up to and with `lastIndex`. */
export interface Stretch {
  readonly afterIndex: number;
  readonly lastIndex: number;
}

const COLUMNS = ["idx", "leaf", "leaf_hash", "root", "action_id"].map((column) => `entry.${column}`).join(", ");

/** Builds the listing of entries about actions, oldest first. Values only ever enter as placeholders. */
export function listEntriesQuery(
  stretch: Stretch,
  limit: number,
  visibleTo: Visibility | null,
  dialect: Dialect,
): SqlQuery {
  const visible = visibleTo === null ? null : visibleCondition(visibleTo, dialect);
  // From the side of the actions, a database would gather a principal's whole past first.
  const join = visible === null ? "" : ` ${dialect.joinInOrder} actions ON actions.id = entry.action_id`;
  const condition = visible === null ? "" : ` AND ${visible.sql}`;
  return {
    sql: `SELECT ${COLUMNS} FROM ledger_entries AS entry${join}
           WHERE entry.idx > ? AND entry.idx <= ? AND entry.action_id IS NOT NULL${condition}
           ORDER BY entry.idx LIMIT ?`,
    values: [stretch.afterIndex, stretch.lastIndex, ...(visible?.values ?? []), limit],
  };
}
