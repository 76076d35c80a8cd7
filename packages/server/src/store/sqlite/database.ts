import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "@photostructure/sqlite";
import { StoreUnavailableError } from "../store.js";
import { rememberFile } from "./same-file.js";

const MIGRATIONS = new URL("../../../migrations/sqlite/", import.meta.url);

/** How long a commit waits for another process that holds the file, before the store counts as unavailable. */
const BUSY_TIMEOUT_MS = 100;

/**
 * Pages in the write-ahead log at which a commit checkpoints by itself (200 MB). A worker does it long before; this
 * bounds the log if the worker cannot.
 */
const WAL_PAGES_MAX = 50_000;

/** An open SQLite database and a prepared statement, as the driver gives them. */
export type Sqlite = InstanceType<typeof DatabaseSync>;
export type Statement = ReturnType<Sqlite["prepare"]>;

/** SQLite result code for a broken constraint: a fault of ours, not of the disk. */
const SQLITE_CONSTRAINT = 19;

/** An open database file that notices when its file goes away beneath it. */
export interface Database {
  readonly sqlite: Sqlite;
  /** Throws {@link StoreUnavailableError} unless the file is open and its path still leads to it. */
  assertPresent(): void;
}

/**
 * Opens the file, sets what durability needs, and applies the migrations that are missing.
 *
 * @throws StoreUnavailableError when the file cannot be opened.
 */
export function openDatabase(path: string): Database {
  const sqlite = new DatabaseSync(path);
  sqlite.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
    PRAGMA wal_autocheckpoint = ${WAL_PAGES_MAX};
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
  `);
  migrate(sqlite);
  const look = rememberFile(path);
  return {
    sqlite,
    assertPresent() {
      if (!sqlite.isOpen) throw new StoreUnavailableError("the database is closed");
      const found = look();
      if (found === "gone") throw new StoreUnavailableError("the database file is gone");
      if (found === "replaced") throw new StoreUnavailableError("another file stands in the place of the database");
    },
  };
}

/** Applies numbered migrations in order, each in its own transaction with the version that records it. */
function migrate(sqlite: Sqlite): void {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort();
  const done = userVersion(sqlite);
  if (done > files.length) {
    throw new Error(`the database has schema ${done}, made by a newer release; this one knows ${files.length}`);
  }
  for (const [index, name] of files.entries()) {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`migration ${name} is out of order`);
    if (version <= done) continue;
    sqlite.exec(
      `BEGIN IMMEDIATE; ${readFileSync(new URL(name, MIGRATIONS), "utf8")}; PRAGMA user_version = ${version}; COMMIT;`,
    );
  }
}

function userVersion(sqlite: Sqlite): number {
  const row = sqlite.prepare("PRAGMA user_version").get() as { user_version: number };
  return row.user_version;
}

/** What a failed statement means to callers: a broken constraint is our fault, all else is the store's state. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== "number" || (errcode & 0xff) === SQLITE_CONSTRAINT) return error;
  return new StoreUnavailableError(`SQLite error ${errcode}`, { cause: error });
}
