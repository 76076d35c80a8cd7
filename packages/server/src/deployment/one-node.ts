import { chmodSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "../config.js";
import { openFileKeyring, writeSecretFile } from "../keyring/file-keyring.js";
import type { PermitNames } from "../keyring/keys.js";
import { openSqliteStore } from "../store/sqlite/open-sqlite-store.js";
import type { Deployment } from "./deployment.js";

const { S_IFMT, S_IFDIR } = constants;
/** The sticky bit: a directory that many users put files into, such as the one for temporary files. */
const SHARED = 0o1000;

/** How long what was pruned is removed in one go. */
const REMOVE_MS = 5_000;

/**
 * One node, which has everything in a data directory of its own.
 *
 * @throws ConfigError, DirectoryInUseError, LedgerMismatchError
 */
export async function openOneNode(path: string, names: PermitNames): Promise<Deployment> {
  const directory = ownDirectory(path);
  const store = await openSqliteStore(directory);
  try {
    return {
      store,
      keyring: await openFileKeyring(directory, names, Date.now),
      describe: (url) => store.describeHolder({ pid: process.pid, url }),
      keepAdminKey: (key) => writeSecretFile(join(directory, "admin.key"), `${key}\n`),
      async tidy() {
        await store.removePruned(REMOVE_MS);
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Makes the data directory, or closes the one that is there, for this user alone. */
function ownDirectory(path: string): string {
  const directory = resolve(path);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(directory);
  const isOwn = process.getuid === undefined || uid === process.getuid();
  if ((mode & S_IFMT) !== S_IFDIR || !isOwn || (mode & SHARED) !== 0) {
    throw new ConfigError("the data directory must be a directory of this user's own, shared with nobody");
  }
  chmodSync(directory, 0o700);
  return directory;
}
