import pg from "pg";
import { assertNotNewer, type Migration, migrationsOf } from "../migrations.js";
import { connectionConfig } from "./connection.js";
import { asStoreError } from "./errors.js";
import { makePartitions } from "./partitions.js";

/** The advisory lock under which a schema is changed, so that nodes which start at once take turns. */
const SCHEMA_LOCK = 0x66_61_72_61;

/** How long a node waits for another one that changes the schema. */
const SCHEMA_LOCK_MS = 60_000;

/**
 * Brings a database to this release's schema and makes the partitions of the months to come. Any number may do so at
 * once; what is done already is left alone.
 *
 * @param url - `postgres://…`
 * @returns The names of the migrations that were applied now.
 * @throws StoreUnavailableError when the database cannot be reached, or lacks the right to change it.
 */
export async function migratePostgres(url: string, nowMs: number): Promise<string[]> {
  const client = new pg.Client({ ...connectionConfig(url), ...PATIENT });
  try {
    await client.connect();
    await client.query("SELECT pg_advisory_lock($1)", [SCHEMA_LOCK]);
    const applied = await applyMissing(client);
    await makePartitions(client, nowMs);
    return applied;
  } catch (error) {
    throw asStoreError(error);
  } finally {
    // The session's end gives the lock back.
    await client.end();
  }
}

/** Changing a large table takes its time. */
const PATIENT = {
  query_timeout: 0,
  statement_timeout: 0,
  lock_timeout: SCHEMA_LOCK_MS,
  idle_in_transaction_session_timeout: SCHEMA_LOCK_MS,
};

async function applyMissing(client: pg.Client): Promise<string[]> {
  const migrations = migrationsOf("postgres");
  const done = await schemaVersion(client);
  assertNotNewer(done, migrations);
  const missing = migrations.slice(done);
  for (const migration of missing) await apply(client, migration);
  return missing.map(({ name }) => name);
}

async function apply(client: pg.Client, { version, name, sql }: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        version    INTEGER     NOT NULL PRIMARY KEY,
        name       TEXT        NOT NULL,
        applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
      )`);
    await client.query(sql);
    await client.query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", [version, name]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function schemaVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ known: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS known",
  );
  if (rows[0]?.known !== true) return 0;
  const newest = await client.query<{ version: number }>(
    "SELECT coalesce(max(version), 0) AS version FROM schema_migrations",
  );
  return newest.rows[0]?.version ?? 0;
}
