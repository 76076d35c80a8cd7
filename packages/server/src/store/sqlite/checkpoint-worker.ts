import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { DatabaseSync } from "@photostructure/sqlite";

/** Bytes of log from which on a checkpoint is worth its disk time. */
const WAL_BYTES_WORTH = 8_388_608;

/** Often enough that the log stays small, seldom enough that pages changed again and again are copied once. */
const CHECKPOINT_MS = 500;

// A passive checkpoint copies committed pages into the database and waits for nobody; what it cannot copy now, it
// copies next time.
const path = workerData as string;
const sqlite = new DatabaseSync(path);
const checkpoint = sqlite.prepare("PRAGMA wal_checkpoint(PASSIVE)");
const timer = setInterval(() => {
  try {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (log !== undefined && log.size >= WAL_BYTES_WORTH) checkpoint.get();
  } catch {
    // Full, locked or gone: the commits on the main thread meet the same and report it.
  }
}, CHECKPOINT_MS);

// The driver must close its handles itself: a thread that is torn down around an open one takes the process with it.
parentPort?.once("message", () => {
  clearInterval(timer);
  sqlite.close();
});
