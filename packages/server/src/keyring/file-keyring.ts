import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "../config.js";
import type { Keyring } from "../gate/gate.js";
import { type Keys, keyringOf, type PermitNames, renewed } from "./keys.js";

/**
 * Opens the keyring of a data directory, `keys.json`, which only its user may read: made new where there is none, and
 * renewed when it is old.
 *
 * @param nowMs - Milliseconds since the epoch.
 * @throws ConfigError when the file is not what was written.
 */
export async function openFileKeyring(directory: string, names: PermitNames, nowMs: () => number): Promise<Keyring> {
  const path = join(directory, "keys.json");
  const stored = existsSync(path) ? readKeys(path) : null;
  const keys = await renewed(stored, nowMs());
  if (keys !== stored) writeSecretFile(path, `${JSON.stringify(keys, null, 2)}\n`);
  return keyringOf(keys, names, nowMs);
}

/** Writes a file that only its owner may read: whole or not at all, and on the disk when this returns. */
export function writeSecretFile(path: string, text: string): void {
  const next = `${path}.next`;
  writeFileSync(next, text, { mode: 0o600, flush: true });
  renameSync(next, path);
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
}

function readKeys(path: string): Keys {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Keys;
  } catch (error) {
    throw new ConfigError("keys.json in the data directory cannot be read; put its backup in its place", {
      cause: error,
    });
  }
}
