import { ConfigError, SECRET_CHARS_MIN } from "../config.js";
import type { PermitNames } from "../keyring/keys.js";
import { openSharedKeyring } from "../keyring/shared-keyring.js";
import { openPostgresStore } from "../store/postgres/open-postgres-store.js";
import type { Deployment } from "./deployment.js";

/** How often the months to come are given their partitions, and what was pruned is removed. */
const PARTITIONS_MS = 60_000;

/** How long what was pruned is removed in one go. */
const REMOVE_MS = 5_000;

/**
 * A node like any other on one PostgreSQL database; it keeps nothing of its own.
 *
 * @param url - `postgres://…`
 * @param secret - What the nodes' shared keys are sealed with, the same on every node.
 * @throws ConfigError, StoreUnavailableError, LedgerMismatchError
 */
export async function openManyNodes(url: string, secret: string | undefined, names: PermitNames): Promise<Deployment> {
  if (secret === undefined) {
    throw new ConfigError(
      `FARAMESH_SECRET is needed with a shared store: ${SECRET_CHARS_MIN} random characters or more, the same on every node`,
    );
  }
  const store = await openPostgresStore(url, Date.now());
  try {
    const keyring = await openSharedKeyring(store.keyring, secret, names, Date.now);
    let partitionsAtMs = Date.now() + PARTITIONS_MS;
    return {
      store,
      keyring,
      describe() {},
      keepAdminKey() {},
      async tidy() {
        await keyring.refresh();
        if (Date.now() < partitionsAtMs) return;
        await store.makePartitions(Date.now());
        await store.removePruned(REMOVE_MS);
        partitionsAtMs = Date.now() + PARTITIONS_MS;
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
