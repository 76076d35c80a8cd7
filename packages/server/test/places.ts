import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { Client } from "pg";
import type { ServerConfig } from "../src/config.js";
import { freshDatabase } from "./postgres.js";

/** The stores that a gate runs on, as the names of tests call them. */
export const STORES = ["SQLite", "PostgreSQL"] as const;
export type StoreName = (typeof STORES)[number];

/** Where gates of a test keep what they keep, empty at first. */
export interface Place {
  /** The settings that lead a gate there. */
  readonly config: Pick<ServerConfig, "dataDir" | "store" | "secret">;
  /** Takes the store away from a gate that runs, and answers with what brings it back. */
  takeAway(): Promise<() => Promise<void>>;
  /** Changes what lies there, behind the back of the gate. */
  execute(sql: string): Promise<void>;
  /** Everything that lies there, as text. */
  content(): Promise<string>;
  remove(): Promise<void>;
}

/** Makes a place of a kind. */
export async function newPlace(store: StoreName): Promise<Place> {
  return store === "SQLite" ? directoryAt(mkdtempSync(join(tmpdir(), "faramesh-gate-"))) : newDatabase();
}

/** A data directory as a place. */
export function directoryAt(dataDir: string): Place {
  const path = join(dataDir, "faramesh.db");
  return {
    config: { dataDir },
    async takeAway() {
      renameSync(path, `${path}.away`);
      return async () => renameSync(`${path}.away`, path);
    },
    async execute(sql) {
      const sqlite = new DatabaseSync(path);
      sqlite.exec(sql);
      sqlite.close();
    },
    async content() {
      const files = readdirSync(dataDir).filter((name) => name.startsWith("faramesh.db"));
      return files.map((name) => readFileSync(join(dataDir, name), "latin1")).join("");
    },
    remove: async () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

/** No directory can be made below this: a gate on a shared store has no need of one. */
const NOWHERE = "/dev/null/no-data-directory";

const SECRET = "a-secret-of-the-tests-0123456789abcdef";

async function newDatabase(): Promise<Place> {
  const { url, drop } = await freshDatabase();
  const name = new URL(url).pathname.slice(1);
  const beside = Object.assign(new URL(url), { pathname: "postgres" }).href;
  return {
    config: { dataDir: NOWHERE, store: url, secret: SECRET },
    async takeAway() {
      await query(beside, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await query(beside, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
      return async () => void (await query(beside, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`));
    },
    execute: async (sql) => void (await query(url, sql)),
    content: () => contentOf(url),
    remove: drop,
  };
}

async function contentOf(url: string): Promise<string> {
  const tables = await query<{ name: string }>(
    url,
    "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
  );
  const rows = await Promise.all(
    tables.map(({ name }) => query<{ text: string }>(url, `SELECT row::text AS text FROM ${name} AS row`)),
  );
  return rows
    .flat()
    .map(({ text }) => text)
    .join("\n");
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
