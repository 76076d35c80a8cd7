import type pg from "pg";
import type { HeadRow } from "../sql/database.js";
import { SqlStore } from "../sql/sql-store.js";
import { SQL } from "../sql/statements.js";
import { verifyLedger } from "../sql/verify-ledger.js";
import { LedgerMismatchError, type SharedText, StoreUnavailableError } from "../store.js";
import { asStoreError } from "./errors.js";
import { migratePostgres } from "./migrate.js";
import { makePartitions } from "./partitions.js";
import { inSnapshot, PostgresDatabase, readers } from "./postgres-database.js";

/** The store on a PostgreSQL database, for any number of nodes. */
export interface PostgresStore extends SqlStore {
  readonly keyring: SharedText;
  /** Makes the partitions of the months to come. Answers the names of those that could not be made. */
  makePartitions(nowMs: number): Promise<string[]>;
}

/**
 * Opens a database, brought to this release's schema first.
 *
 * @param url - `postgres://user:password@host:port/database`
 * @throws StoreUnavailableError when it cannot be reached.
 * @throws LedgerMismatchError when the stored ledger is not what its hashes say.
 */
export async function openPostgresStore(url: string, nowMs: number): Promise<PostgresStore> {
  await migratePostgres(url, nowMs);
  const pool = readers(url);
  try {
    await assertDurable(pool);
    const size = await inSnapshot(pool, async (ask) => {
      await verifyLedger(ask);
      const [head] = await ask<HeadRow>({ sql: SQL.head, values: [] });
      if (head === undefined) throw new LedgerMismatchError(0, "the ledger has no head");
      return head.size;
    });
    return Object.assign(new SqlStore(new PostgresDatabase(url, pool, size)), {
      keyring: keyringIn(pool),
      makePartitions: (atMs: number) => partitionsIn(pool, atMs),
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** A server that acknowledges what is not on its disk keeps no promise of ours. */
async function assertDurable(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ fsync: string }>("SHOW fsync");
  if (rows[0]?.fsync !== "on") {
    throw new StoreUnavailableError("PostgreSQL runs with fsync = off: what it acknowledges can be lost");
  }
}

async function partitionsIn(pool: pg.Pool, nowMs: number): Promise<string[]> {
  return reaching(async () => {
    const client = await pool.connect();
    try {
      return await makePartitions(client, nowMs);
    } finally {
      client.release();
    }
  });
}

function keyringIn(pool: pg.Pool): SharedText {
  return {
    read: () =>
      reaching(async () => {
        const { rows } = await pool.query<{ content: string }>("SELECT content FROM keyring WHERE id = 1");
        return rows[0]?.content ?? null;
      }),
    replace: (before, after) =>
      reaching(async () => {
        const { rowCount } =
          before === null
            ? await pool.query("INSERT INTO keyring (id, content) VALUES (1, $1) ON CONFLICT DO NOTHING", [after])
            : await pool.query("UPDATE keyring SET content = $1 WHERE id = 1 AND content = $2", [after, before]);
        return rowCount === 1;
      }),
  };
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}
