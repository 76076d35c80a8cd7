import type { Actor, Outcome, Status } from "@faramesh/protocol";
import type { LedgerRow } from "../../src/store/store.js";
import type { FinalAction, FinalState } from "./final-state.js";
import { grouped } from "./grouped.js";
import type { Operation } from "./history.js";

/** What entries of the different kinds say. */
export interface EntryBody {
  readonly action_id?: string;
  readonly agent_id?: string;
  readonly tool?: string;
  readonly operation?: string;
  readonly request_hash?: string;
  readonly status?: Status;
  readonly outcome?: Outcome;
  readonly decision?: string;
  readonly version?: number;
  readonly policy_version?: number | null;
  readonly policy_hash?: string | null;
  readonly reason?: string | null;
  readonly approval?: { readonly expires_at: string };
  readonly permit_jti?: string;
  readonly lease_expires_at?: string;
}

/** A ledger entry, read. */
export interface Entry {
  readonly index: number;
  readonly kind: string;
  readonly atMs: number;
  readonly actor: Actor;
  readonly body: EntryBody;
  readonly leafHash: string;
}

/** Everything a rule looks at: what was asked and answered, what is there at the end, and the entries, read. */
export interface Evidence {
  readonly history: readonly Operation[];
  readonly final: FinalState;
  readonly entries: readonly Entry[];
  readonly entryAt: ReadonlyMap<number, Entry>;
  /** Each action's entries, in the ledger's order. */
  readonly lives: ReadonlyMap<string, readonly Entry[]>;
  /** Every row of every view. */
  readonly shown: readonly FinalAction[];
}

export function gatherEvidence(history: readonly Operation[], final: FinalState): Evidence {
  const entries = final.ledger.flatMap((row) => readEntry(row) ?? []);
  const ofActions = entries.filter(({ body }) => body.action_id !== undefined);
  return {
    history,
    final,
    entries,
    entryAt: new Map(entries.map((entry) => [entry.index, entry])),
    lives: grouped(ofActions, ({ body }) => body.action_id ?? ""),
    shown: final.views.flatMap(({ actions }) => actions),
  };
}

/** Null for what is not an entry: the ledger's own check tells that. */
function readEntry(row: LedgerRow): Entry | null {
  try {
    const { kind, at, actor, body } = JSON.parse(row.leaf) as Pick<Entry, "kind" | "actor" | "body"> & { at: string };
    const leafHash = Buffer.from(row.leaf_hash).toString("hex");
    return { index: row.idx, kind, atMs: Date.parse(at), actor, body, leafHash };
  } catch {
    return null;
  }
}
