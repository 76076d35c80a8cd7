import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { DirectoryInUseError, StoreUnavailableError } from "../store.js";
import { rememberFile } from "./same-file.js";

/** SQLite result codes for a lock that somebody else holds. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** Exclusive use of a data directory. */
export interface DirectoryLock {
  /** Says who holds the directory, for whoever is refused next. */
  readonly describe: (holder: { pid: number; url: string }) => void;
  /** Throws {@link StoreUnavailableError} when the lock's file is gone: then another process can take the directory. */
  assertHeld(): void;
  /** Gives the directory back and removes the note of who held it. */
  release(): void;
}

/**
 * Takes a data directory for this process. The lock is one that the operating system drops when the process ends,
 * however it ends (a SQLite exclusive transaction, so POSIX or Windows file locks), never a file left behind.
 *
 * @throws DirectoryInUseError naming the holder; whatever else keeps the lock from being taken, as it is.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const notePath = join(directory, "gate.json");
  const lockPath = join(directory, "gate.lock");
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!isHeldElsewhere(error)) throw error;
    throw new DirectoryInUseError(`the data directory is already served ${holderOf(notePath)}`, { cause: error });
  }
  // What a holder left behind that did not end in order.
  rmSync(notePath, { force: true });
  const look = rememberFile(lockPath);
  return {
    describe(holder) {
      writeFileSync(notePath, `${JSON.stringify({ ...holder, started_at: new Date().toISOString() })}\n`, {
        mode: 0o600,
      });
    },
    assertHeld() {
      if (look() !== "same") throw new StoreUnavailableError("the directory's lock is gone");
    },
    release() {
      try {
        // With the lock's file gone, the note may already be another process's.
        if (look() === "same") rmSync(notePath, { force: true });
      } finally {
        lock.close();
      }
    },
  };
}

function isHeldElsewhere(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" && [SQLITE_BUSY, SQLITE_LOCKED].includes(errcode & 0xff);
}

function holderOf(notePath: string): string {
  try {
    const note = JSON.parse(readFileSync(notePath, "utf8")) as { pid: number; url: string; started_at: string };
    return `by process ${note.pid} at ${note.url}, since ${note.started_at}`;
  } catch {
    return "by another process, which is still starting";
  }
}
