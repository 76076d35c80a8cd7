import { ConfigError } from "../config.js";
import type { Keyring } from "../gate/gate.js";
import type { SharedText } from "../store/store.js";
import { type Keys, keyringOf, type PermitNames, renewed } from "./keys.js";
import { seal, unseal } from "./seal.js";

/** A keyring that all nodes share. */
export interface SharedKeyring extends Keyring {
  /** Takes up what another node has changed. */
  refresh(): Promise<void>;
}

/**
 * Opens the keyring that nodes share, kept beside their data and sealed with a secret that is not: whoever reads the
 * database can sign nothing. Nodes that start at once agree on one.
 *
 * @throws ConfigError when the secret is not the one that it is sealed with.
 */
export async function openSharedKeyring(
  shared: SharedText,
  secret: string,
  names: PermitNames,
  nowMs: () => number,
): Promise<SharedKeyring> {
  const first = await settled(shared, secret, nowMs());
  let { text } = first;
  let current = await keyringOf(first.keys, names, nowMs);
  return {
    signPermit: (claims) => current.signPermit(claims),
    readPermit: (permit) => current.readPermit(permit),
    publicKeys: () => current.publicKeys(),
    approvalToken: (boundTo) => current.approvalToken(boundTo),
    async refresh() {
      const stored = await shared.read();
      if (stored === null || stored === text) return;
      current = await keyringOf(await opened(stored, secret), names, nowMs);
      text = stored;
    },
  };
}

/** What is stored, and what is in it. */
interface Settled {
  readonly text: string;
  readonly keys: Keys;
}

/** What is stored once it needs no renewing; of nodes that renew it at once, one wins and the others read again. */
async function settled(shared: SharedText, secret: string, nowMs: number): Promise<Settled> {
  for (;;) {
    const stored = await shared.read();
    const found = stored === null ? null : { text: stored, keys: await opened(stored, secret) };
    const keys = await renewed(found?.keys ?? null, nowMs);
    if (keys === found?.keys) return found;
    const text = await seal(JSON.stringify(keys), secret);
    if (await shared.replace(stored, text)) return { text, keys };
  }
}

async function opened(text: string, secret: string): Promise<Keys> {
  try {
    return JSON.parse(await unseal(text, secret)) as Keys;
  } catch (error) {
    throw new ConfigError("FARAMESH_SECRET is not the one that this database's keys are sealed with", { cause: error });
  }
}
