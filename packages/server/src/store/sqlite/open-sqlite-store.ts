import { join } from "node:path";
import { SqlStore } from "../sql/sql-store.js";
import { verifyLedger } from "../sql/verify-ledger.js";
import { Checkpointer } from "./checkpointer.js";
import { type OpenFile, openDatabase } from "./database.js";
import { lockDirectory } from "./directory-lock.js";
import { SqliteDatabase } from "./sqlite-database.js";

/** The store on one SQLite file, for one process. */
export interface SqliteStore extends SqlStore {
  /** Says in the directory who serves it. */
  describeHolder(holder: { pid: number; url: string }): void;
}

/**
 * Opens `faramesh.db` in a data directory, made new where there is none.
 *
 * @param open - How the file is opened.
 * @throws DirectoryInUseError when another process serves the directory.
 * @throws LedgerMismatchError when the stored ledger is not what its hashes say.
 */
export async function openSqliteStore(
  directory: string,
  open: (path: string) => OpenFile = openDatabase,
): Promise<SqliteStore> {
  const lock = lockDirectory(directory);
  const path = join(directory, "faramesh.db");
  let database: SqliteDatabase;
  try {
    const file = open(path);
    database = new SqliteDatabase(file, lock, new Checkpointer(path));
  } catch (error) {
    lock.release();
    throw error;
  }
  try {
    await database.snapshot(verifyLedger);
  } catch (error) {
    await database.close();
    throw error;
  }
  return Object.assign(new SqlStore(database), { describeHolder: lock.describe });
}
