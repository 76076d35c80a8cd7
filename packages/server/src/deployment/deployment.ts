import type { Keyring } from "../gate/gate.js";
import type { Store } from "../store/store.js";

/** Where a gate keeps what it keeps: on this machine alone, or together with other nodes. */
export interface Deployment {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Says where this node listens, to whoever wants the same place. */
  describe(url: string): void;
  /** Keeps the first admin key where the command line finds it, if there is such a place. */
  keepAdminKey(key: string): void;
  /** What is to be done every few seconds beside the gate's own tasks. */
  tidy(): Promise<void>;
}
