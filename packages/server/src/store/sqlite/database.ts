import { DatabaseSync } from "@photostructure/sqlite";
import { assertNotNewer, migrationsOf } from "../migrations.js";
import { StoreUnavailableError } from "../store.js";
import { rememberFile } from "./same-file.js";

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
export interface OpenFile {
  readonly sqlite: Sqlite;
  /** Throws {@link StoreUnavailableError} unless the file is open and its path still leads to it. */
  assertPresent(): void;
}

/**
 * Opens the file, sets what durability needs, and applies the migrations that are missing.
 *
 * @throws StoreUnavailableError when the file cannot be opened.
 */
export function openDatabase(path: string): OpenFile {
  const sqlite = new DatabaseSync(path);
  sqlite.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
    PRAGMA wal_autocheckpoint = ${WAL_PAGES_MAX};
    PRAGMA cache_size = -32768;
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

/** Applies what is missing, each in its own transaction with the version that records it. */
function migrate(sqlite: Sqlite): void {
  const migrations = migrationsOf("sqlite");
  const done = userVersion(sqlite);
  assertNotNewer(done, migrations);
  for (const { version, sql } of migrations.slice(done)) {
    sqlite.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version}; COMMIT;`);
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
