import type {
  ActionPage,
  ActionRow,
  ActivationRow,
  AgentStop,
  ApiKeyRow,
  Committed,
  LedgerRow,
  PolicyRow,
  ToolSchemaRow,
} from "../store.js";
import type { RunningPruning } from "./prune-statements.js";
import type { Sought, Term } from "./terms.js";

/** What a value may be bound to a placeholder as. */
export type SqlValue = string | number | bigint | null;

/** A query and the values of its `?` placeholders, in order. */
export interface SqlQuery {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Asks a query and gives its rows. */
export type Ask = <Row>(query: SqlQuery) => Promise<Row[]>;

/** The row of `ledger_head`: where the ledger ends, and which entry last changed what actions are decided by. */
export interface HeadRow {
  readonly size: number;
  readonly subtrees: Uint8Array;
  readonly rules_index: number;
  readonly frontier_size: number;
  readonly first_index: number;
}

/** What a group of writes must know before it can be settled. */
export interface Asked {
  readonly claims: readonly { readonly principalId: string; readonly key: string }[];
  readonly actionIds: readonly string[];
}

/** What an idempotency key stands for. */
export interface KnownKey {
  readonly principal_id: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly subject_id: string;
}

/** What a group of writes found, inside its transaction: nobody else can change it before that ends. */
export interface Found {
  readonly head: HeadRow;
  readonly known: readonly KnownKey[];
  /** The actions asked for, and the ones that known keys stand for. */
  readonly actions: readonly ActionRow[];
}

/** What a group of writes comes to. */
export interface Changes {
  readonly head: HeadRow;
  readonly newActions: readonly ActionRow[];
  /** Of the new actions, what they are found by. */
  readonly newTerms: readonly { readonly id: string; readonly terms: readonly Term[] }[];
  /** Each with the version that follows the stored one. */
  readonly advancedActions: readonly ActionRow[];
  readonly entries: readonly LedgerRow[];
  readonly frontiers: readonly { readonly size: number; readonly subtrees: Uint8Array }[];
  readonly idempotencyKeys: readonly (KnownKey & { readonly created_at_ms: number })[];
  readonly seenAgents: readonly {
    readonly agent_id: string;
    readonly actions: number;
    readonly last_seen_at_ms: number;
  }[];
  readonly agentStops: readonly AgentStop[];
  readonly apiKeys: readonly ApiKeyRow[];
  readonly toolSchemas: readonly ToolSchemaRow[];
  readonly policies: readonly PolicyRow[];
  readonly activations: readonly ActivationRow[];
  readonly usedApiKeys: readonly { readonly id: string; readonly last_used_at_ms: number }[];
  /** Statements that stand for themselves. */
  readonly others: readonly SqlQuery[];
}

/** Where actions are listed from. */
export interface Listing {
  /** What stands behind `FROM`, `actions` in it. */
  readonly from: string;
  /** The column that is in the order of the ids. */
  readonly place: string;
}

/** Where actions are found by their terms. */
export interface Search {
  /** The table that knows the terms. */
  readonly index: string;
  /** What joins its actions to it. */
  readonly join: string;
  /** Its column that is in the order of the ids. */
  readonly place: string;
  /** The condition that an action has what is sought. */
  readonly condition: SqlQuery;
  /** Whether an action that meets it has each term exactly, so that its columns need not be compared. */
  readonly isExact: boolean;
  /** How to look whether many have it, where that makes a difference; null where the index tells its rows in order. */
  readonly sample: Sample | null;
}

/** What a sample of the newest actions showed. */
export interface Sampled {
  /** Actions in it that have what is sought. */
  readonly found: number;
  readonly looked: number;
  /** About how many actions there are. */
  readonly total: number;
}

/** A planner guesses badly how long it takes to meet a rare term on the way back from the newest action. */
export interface Sample {
  /** Asks for a {@link Sampled} of the newest actions, within conditions on {@link Search.place}. */
  query(within: readonly SqlQuery[]): SqlQuery;
  /** Whether so many actions are found soonest along the way. */
  isFrequent(sampled: Sampled, wanted: number): boolean;
  /** Finds what meets conditions before anything else is done with it. */
  foundFirst(conditions: readonly SqlQuery[]): FoundFirst;
}

/** What was common once may be missing from a sample, so there is a bound on what is found first. */
export interface FoundFirst {
  /** Stands before a query, and makes `found`: the places, up to one more than the bound. */
  readonly with: SqlQuery;
  /** The condition that everything is in `found`. */
  readonly areFew: SqlQuery;
  /** What joins its actions to it, one by one: a planner takes few for many, and would gather all actions first. */
  readonly join: string;
}

/** What is said differently in each dialect. */
export interface Dialect {
  /** The condition that a column has a text like a glob (`*` and `?`), by case. */
  glob(column: string, glob: string): SqlQuery;
  readonly listing: Listing;
  search(sought: Sought): Search;
  /** What an action's id comes to in {@link Listing.place}. */
  placeOf(id: string): SqlValue;
  /** The least place of actions that came in at a time or later. */
  firstPlaceAt(ms: number): SqlValue;
  /** Joins to the rows of the left side, in their order, without gathering the right side first. */
  readonly joinInOrder: string;
}

/** What was removed. `something`: there may be more; `busy`: somebody uses what is to go, so it goes later. */
export type Removed = "something" | "nothing" | "busy";

/** A database that keeps the store's tables. Everything rejects with `StoreUnavailableError` when it is full or gone. */
export interface Database {
  readonly dialect: Dialect;
  /** Asks outside of any transaction. */
  readonly ask: Ask;
  /** Asks for actions; the page ends at `limit`, and early where its rows are large. */
  page(query: SqlQuery, limit: number): Promise<ActionPage>;
  /** Reads the whole of what `read` asks for from one moment. */
  snapshot<T>(read: (ask: Ask) => Promise<T>): Promise<T>;
  /**
   * One durable transaction, alone in writing: finds what was asked, lets `settle` say what comes of it, and writes
   * that. What `settle` throws undoes it.
   */
  transact(asked: Asked, settle: (found: Found) => Changes): Promise<void> | void;
  /** Removes a bounded part of what a pruning left, in a short transaction beside the writes. */
  removePart(pruning: RunningPruning): Promise<Removed>;
  /** Calls back with entries that others on the same database have committed. */
  follow(listener: (entries: readonly Committed[]) => void): void;
  close(): Promise<void>;
}
