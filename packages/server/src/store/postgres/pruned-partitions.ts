import type pg from "pg";
import type { Removed } from "../sql/database.js";
import { REMOVABLE, type RunningPruning, removableValues } from "../sql/prune-statements.js";
import { postgresQuery } from "./placeholders.js";

/** Rows looked at in one go. */
const LOOK_ROWS = 20_000;

/** Milliseconds that everybody else may have to wait while a partition waits to be dropped. */
const DROP_LOCK_MS = 100;

/** SQLSTATE for a lock that was not to be had in time, for a role that may not drop tables, and for a table that is gone. */
const NOT_IN_TIME = "55P03";
const NOT_ALLOWED = "42501";
const GONE = "42P01";

/** A partition all of which lies before what a pruning keeps. */
interface Partition {
  readonly table: "actions" | "ledger_entries";
  readonly name: string;
  /** What its values begin with, and what they stay below. */
  readonly from: string;
  readonly to: string;
}

/** A look through a partition that goes on where it was. */
interface Look {
  readonly name: string;
  /** The ledger's size when it began. */
  readonly ledgerSize: number;
  /** The last action that was looked at. */
  readonly afterId: string;
}

const LOOK = `SELECT max(id) AS last, coalesce(bool_or(NOT ${REMOVABLE}), false) AS keeps
  FROM (SELECT id, updated_at_ms, status FROM`;

const BOUNDS = `SELECT inhparent::regclass::text AS "table", inhrelid::regclass::text AS name,
         substring(pg_get_expr(relpartbound, oid) FROM 'FROM \\(''([^'']+)') AS from,
         substring(pg_get_expr(relpartbound, oid) FROM 'TO \\(''([^'']+)') AS to
    FROM pg_inherits JOIN pg_class ON oid = inhrelid
   WHERE inhparent = ANY ($1::text[]::regclass[])`;

/** Partitions that a pruning left nothing in are dropped: that takes no longer for a million rows than for one. */
export class PrunedPartitions {
  #pruning = -1;
  /** Those with a row that stays; rows are removed from them one by one. */
  readonly #kept = new Set<string>();
  #look: Look | null = null;

  /** Drops the next partition, or goes on looking whether it may; `nothing` when the rest goes row by row. */
  async dropNext(client: pg.ClientBase, pruning: RunningPruning): Promise<Removed> {
    if (pruning.ledger_index !== this.#pruning) {
      this.#pruning = pruning.ledger_index;
      this.#kept.clear();
      this.#look = null;
    }
    const next = (await partitionsBefore(client, pruning)).find(({ name }) => !this.#kept.has(name));
    if (next === undefined) return "nothing";
    try {
      return next.table === "actions" ? await this.#lookAndDrop(client, next, pruning) : await drop(client, next, null);
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === NOT_IN_TIME) return "busy";
      if (code === NOT_ALLOWED) this.#kept.add(next.name);
      // Another node dropped it meanwhile.
      else if (code !== GONE) throw error;
      return "something";
    }
  }

  async #lookAndDrop(client: pg.ClientBase, partition: Partition, pruning: RunningPruning): Promise<Removed> {
    const { name } = partition;
    const look = this.#look?.name === name ? this.#look : await beginLook(client, name);
    const { last, keeps } = await lookOn(client, look, pruning);
    this.#look = keeps || last === null ? null : { ...look, afterId: last };
    if (keeps) this.#kept.add(name);
    return this.#look !== null || keeps ? "something" : drop(client, partition, look.ledgerSize);
  }
}

async function partitionsBefore(client: pg.ClientBase, { before_ms }: RunningPruning): Promise<Partition[]> {
  const [beforeId] = removableValues(before_ms);
  const { rows } = await client.query<Partition & { to: string | null }>(BOUNDS, [["actions", "ledger_entries"]]);
  const firstIndex = (await headOf(client)).first_index;
  return rows.filter(({ table, to }) => {
    if (to === null) return false;
    return table === "actions" ? to <= beforeId : Number(to) <= firstIndex;
  });
}

async function headOf(client: pg.ClientBase): Promise<{ size: number; first_index: number }> {
  const { rows } = await client.query<{ size: number; first_index: number }>(
    "SELECT size, first_index FROM ledger_head WHERE id = 1",
  );
  return rows[0] ?? { size: 0, first_index: 0 };
}

async function beginLook(client: pg.ClientBase, name: string): Promise<Look> {
  return { name, ledgerSize: (await headOf(client)).size, afterId: "" };
}

async function lookOn(
  client: pg.ClientBase,
  { name, afterId }: Look,
  pruning: RunningPruning,
): Promise<{ last: string | null; keeps: boolean }> {
  const sql = `${LOOK} ${name} WHERE id > ? ORDER BY id LIMIT ?) AS page`;
  const values = [...removableValues(pruning.before_ms), afterId, LOOK_ROWS];
  const { rows } = await client.query<{ last: string | null; keeps: boolean }>(postgresQuery({ sql, values }));
  return rows[0] ?? { last: null, keeps: false };
}

/** @param ledgerSize - The ledger's size when it was begun to look at its actions; null for a part of the ledger. */
async function drop(client: pg.ClientBase, partition: Partition, ledgerSize: number | null): Promise<Removed> {
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = ${DROP_LOCK_MS}`);
    if (ledgerSize === null || !(await wasTouched(client, partition, ledgerSize))) {
      await client.query(`DROP TABLE IF EXISTS ${partition.name}`);
      if (partition.table === "actions") await dropTerms(client, partition);
    }
    await client.query("COMMIT");
    return "something";
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** What the actions of a partition were found by: as a rule it is a partition of the same stretch, too. */
async function dropTerms(client: pg.ClientBase, { from, to }: Partition): Promise<void> {
  const { rows } = await client.query<Partition>(BOUNDS, [["action_terms"]]);
  const same = rows.filter((partition) => partition.from === from && partition.to === to);
  for (const { name } of same) await client.query(`DROP TABLE IF EXISTS ${name}`);
  await client.query("DELETE FROM action_terms WHERE id >= $1 AND id < $2", [from, to]);
}

/** Whether something happened to an action of a partition since it was looked at. Nobody writes until this ends. */
async function wasTouched(client: pg.ClientBase, { from, to }: Partition, ledgerSize: number): Promise<boolean> {
  await client.query("SELECT 1 FROM ledger_head WHERE id = 1 FOR UPDATE");
  const { rows } = await client.query<{ touched: boolean }>(
    `SELECT coalesce(bool_or(action_id >= $1 AND action_id < $2), false) AS touched
       FROM ledger_entries WHERE idx >= $3`,
    [from, to, ledgerSize],
  );
  return rows[0]?.touched !== false;
}
