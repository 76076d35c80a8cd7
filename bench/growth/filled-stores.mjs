import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { openPostgresStore } from "../../packages/server/dist/store/postgres/open-postgres-store.js";
import { openSqliteStore } from "../../packages/server/dist/store/sqlite/open-sqlite-store.js";
import { filledFrom, fillStore } from "./fill.mjs";

const SECRET = "a secret of the bench, for no other use";

/**
 * A store that holds `count` actions.
 *
 * @typedef {import("./served-gate.mjs").Place & { count: number, untilMs: number, bytes: number }} FilledStore
 */

/**
 * @typedef {object} Kind
 * @property {(stage: any) => Promise<Maker>} prepare
 */

/** @typedef {(count: number, onProgress: (done: number) => void) => Promise<FilledStore>} Maker */

/** Fills stores in directories of the stage. @type {(stage: any) => Promise<Maker>} */
async function onSqlite(stage) {
  return async (count, onProgress) => {
    const directory = stage.newDirectory();
    const untilMs = await fill(await openSqliteStore(directory), count, Date.now(), onProgress);
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { count, untilMs, bytes, args: ["--data", directory], env: {} };
  };
}

/** Fills databases of one cluster. @type {(stage: any) => Promise<Maker>} */
async function onPostgres(stage) {
  const cluster = await stage.startCluster();
  return async (count, onProgress) => {
    const url = await cluster.createDatabase();
    const now = Date.now();
    const untilMs = await fill(await openPostgresStore(url, filledFrom(now)), count, now, onProgress);
    const bytes = await settle(url);
    return { count, untilMs, bytes, args: [], env: { FARAMESH_STORE: url, FARAMESH_SECRET: SECRET } };
  };
}

export const MAKERS = { sqlite: onSqlite, postgres: onPostgres };

async function fill(store, count, untilMs, onProgress) {
  try {
    await fillStore(store, count, { untilMs, onProgress });
  } finally {
    await store.close();
  }
  return untilMs;
}

/** Does what the server would have done by itself by the time so many actions have come in. */
async function settle(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("VACUUM (ANALYZE)");
    await client.query("CHECKPOINT");
    const { rows } = await client.query("SELECT pg_database_size(current_database()) AS bytes");
    return Number(rows[0].bytes);
  } finally {
    await client.end();
  }
}
