import type pg from "pg";
import { idsFrom } from "../sql/ids-from.js";

/** Months that have a partition before their time comes, this one included. */
const MONTHS_AHEAD = 4;

/** Ledger entries in one partition. */
const ENTRIES_EACH = 1_000_000;

/** Partitions of entries that are there before they are needed, the present one included. */
const STRETCHES_AHEAD = 3;

const PARTITIONED = ["actions", "action_terms", "ledger_entries"];

/** A part of a table's range, half open. */
interface Partition {
  readonly table: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Makes the partitions of the months and of the stretches of the ledger to come. A part whose rows came first, and so
 * lie in the partition for everything else, stays there: that is slower to prune, and nothing more.
 *
 * @returns The names of those that could not be made.
 */
export async function makePartitions(client: pg.Client | pg.PoolClient, nowMs: number): Promise<string[]> {
  const { rows } = await client.query<{ size: number }>("SELECT size FROM ledger_head WHERE id = 1");
  const { rows: present } = await client.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ANY ($1::text[]::regclass[])",
    [PARTITIONED],
  );
  const names = new Set(present.map(({ name }) => name));
  const wanted = [
    ...monthsFrom("actions", nowMs),
    ...monthsFrom("action_terms", nowMs),
    ...stretchesFrom(rows[0]?.size ?? 0),
  ];
  const failed: string[] = [];
  for (const partition of wanted.filter(({ name }) => !names.has(name))) {
    if (!(await make(client, partition))) failed.push(partition.name);
  }
  return failed;
}

/** SQLSTATE for rows that are elsewhere already, and for a role that may not make tables. */
const ELSEWHERE = "23514";
const NOT_ALLOWED = "42501";

async function make(client: pg.Client | pg.PoolClient, { table, name, from, to }: Partition): Promise<boolean> {
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${table} FOR VALUES FROM (${from}) TO (${to})`);
    return true;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== ELSEWHERE && code !== NOT_ALLOWED) throw error;
    return false;
  }
}

function monthsFrom(table: string, nowMs: number): Partition[] {
  const now = new Date(nowMs);
  return Array.from({ length: MONTHS_AHEAD }, (_, ahead) => {
    const begin = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead);
    const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead + 1);
    const month = new Date(begin).toISOString().slice(0, 7).replace("-", "_");
    return { table, name: `${table}_${month}`, from: `'${idsFrom(begin)}'`, to: `'${idsFrom(end)}'` };
  });
}

function stretchesFrom(size: number): Partition[] {
  const present = Math.floor(size / ENTRIES_EACH);
  return Array.from({ length: STRETCHES_AHEAD }, (_, ahead) => {
    const from = (present + ahead) * ENTRIES_EACH;
    const name = `ledger_entries_${String(present + ahead).padStart(6, "0")}`;
    return { table: "ledger_entries", name, from: String(from), to: String(from + ENTRIES_EACH) };
  });
}
