import type { LedgerRow } from "../../src/store/store.js";
import type { ServerNode } from "./nodes.js";

/** Servers over one store, and what tests may do to them. */
export interface Cluster {
  /** Every address where a gate listens now. */
  addresses(): readonly Address[];
  /** The processes; none where the gate runs in this one. */
  readonly nodes: readonly ServerNode[];
  readonly adminKey: string;
  /** Whether `store_unavailable` says for certain that nothing was kept: not where the way to the store can break. */
  readonly isUnavailableCertain: boolean;
  /** The whole stored ledger by index. The API shows of an entry what its event says, and its hash; the rest is read here. */
  readLedger(): Promise<readonly LedgerRow[]>;
  /** Puts a policy text in force and answers its version once it is; null where policies do not change. */
  readonly changePolicy: ((source: string) => Promise<number>) | null;
  /** Ends the database hard and starts it again; null where it is none of its own. */
  readonly restartDatabase: (() => Promise<void>) | null;
  close(): Promise<void>;
}

/** Where one node listens. */
export interface Address {
  readonly node: string;
  readonly url: string;
}

export function portOf({ url }: Address): number {
  return Number(new URL(url).port);
}

/** Where the running ones of some nodes listen. */
export function addressesOf(nodes: readonly ServerNode[]): Address[] {
  return nodes.flatMap(({ name, url }) => (url === null ? [] : [{ node: name, url }]));
}
