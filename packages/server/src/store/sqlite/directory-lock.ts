import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { DirectoryInUseError } from "../store.js";

/** Exclusive use of a data directory. */
export interface DirectoryLock {
  /** Says who holds the directory, for whoever is refused next. */
  describe(holder: { pid: number; url: string }): void;
  release(): void;
}

/**
 * Takes a data directory for this process. The lock is one that the operating system drops when the process ends,
 * however it ends (a SQLite exclusive transaction, so POSIX or Windows file locks), never a file left behind.
 *
 * @throws DirectoryInUseError naming the holder.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const notePath = join(directory, "gate.json");
  const lock = new DatabaseSync(join(directory, "gate.lock"));
  try {
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw new DirectoryInUseError(`the data directory is already served ${holderOf(notePath)}`, { cause: error });
  }
  return {
    describe(holder) {
      writeFileSync(notePath, `${JSON.stringify({ ...holder, started_at: new Date().toISOString() })}\n`, {
        mode: 0o600,
      });
    },
    release() {
      lock.close();
    },
  };
}

function holderOf(notePath: string): string {
  try {
    const note = JSON.parse(readFileSync(notePath, "utf8")) as { pid: number; url: string; started_at: string };
    return `by process ${note.pid} at ${note.url}, since ${note.started_at}`;
  } catch {
    return "by another process, which is still starting";
  }
}
