import type { EntryDraft } from "@faramesh/core";
import type { Actor, Effect, Outcome, ReasonCode, RiskLevel, Role, Status } from "@faramesh/protocol";

/** An action as stored. Times are milliseconds since the epoch; JSON columns hold canonical JSON. */
export interface ActionRow {
  /** UUIDv7, its time within a minute of `created_at_ms`: listings are in the order of ids. */
  id: string;
  agent_id: string;
  tool: string;
  operation: string;
  params: string;
  context: string | null;
  status: Status;
  decision: Effect;
  outcome: Outcome;
  reason_code: ReasonCode;
  reason: string;
  rule_id: string | null;
  risk_level: RiskLevel;
  request_hash: string;
  policy_id: string | null;
  policy_version: number | null;
  policy_hash: string | null;
  runtime_version: string;
  provenance_id: string;
  submitted_by: string;
  approvers: string;
  exclude_submitter: 0 | 1;
  approval_expires_at_ms: number | null;
  approval_token_hash: string | null;
  decided_by: string;
  approval_note: string | null;
  claimable_until_ms: number | null;
  claimed_by: string | null;
  lease_expires_at_ms: number | null;
  permit_jti: string | null;
  permit_expires_at_ms: number | null;
  permit_consumed_at_ms: number | null;
  result: string | null;
  error: string | null;
  meta: string | null;
  report_hash: string | null;
  ledger_index: number;
  version: number;
  created_at_ms: number;
  updated_at_ms: number;
}

/** The columns a step in an action's life may set; what was decided on never changes. */
export type ActionPatch = Partial<
  Pick<
    ActionRow,
    | "reason_code"
    | "reason"
    | "decided_by"
    | "approval_note"
    | "claimable_until_ms"
    | "claimed_by"
    | "lease_expires_at_ms"
    | "permit_jti"
    | "permit_expires_at_ms"
    | "permit_consumed_at_ms"
    | "result"
    | "error"
    | "meta"
    | "report_hash"
  >
>;

/** A claim on "this request was already made": the key is per principal, the fingerprint is of the request. */
export interface IdempotencyClaim {
  readonly principalId: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** What an action is when it is submitted, before anybody took a step. */
export type FirstRow = Omit<
  ActionRow,
  | "decided_by"
  | "approval_note"
  | "claimed_by"
  | "lease_expires_at_ms"
  | "permit_jti"
  | "permit_expires_at_ms"
  | "permit_consumed_at_ms"
  | "result"
  | "error"
  | "meta"
  | "report_hash"
  | "ledger_index"
>;

/** A decided action to record. The row becomes the store's: it fills in what {@link FirstRow} leaves out. */
export interface NewAction {
  readonly row: FirstRow;
  readonly entry: EntryDraft;
  readonly idempotency: IdempotencyClaim | null;
  /** {@link Store.rulesIndex} as it was when this was decided; recorded only if it still is. */
  readonly decidedAt: number;
}

/** One step in an action's life: a compare-and-set on (id, version). */
export interface ActionStep {
  readonly id: string;
  /** The step is taken only if the action still has this version. */
  readonly ifVersion: number;
  readonly to: Status;
  readonly set: ActionPatch;
  readonly atMs: number;
  readonly entry: EntryDraft;
  readonly idempotency: IdempotencyClaim | null;
  /** {@link Store.rulesIndex} as it was when the step was decided on; null for a step that no rule has a say in. */
  readonly decidedAt: number | null;
}

/**
 * What came of a {@link NewAction} or an {@link ActionStep}. `stale`: the version is another one by now. `outdated`:
 * a policy, an agent's stop or a key was changed since it was decided. Nothing was recorded in either case.
 */
export type Recorded =
  | { readonly kind: "recorded"; readonly action: ActionRow }
  | { readonly kind: "replayed"; readonly action: ActionRow }
  | { readonly kind: "idempotency_conflict" }
  | { readonly kind: "stale" }
  | { readonly kind: "outdated" };

/** Which actions to list, newest first. Every list field means "any of these"; empty means no filter. */
export interface ActionFilter {
  readonly status: readonly string[];
  readonly agentId: readonly string[];
  readonly tool: readonly string[];
  readonly operation: readonly string[];
  readonly outcome: readonly string[];
  readonly riskLevel: readonly string[];
  /**
   * Words that tool, operation, agent id, reason and params have among them, all of these: runs of letters and digits,
   * whatever their case. A text without a word finds nothing.
   */
  readonly text: string | null;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** Only actions older than this id: the place a page ended. */
  readonly beforeId: string | null;
  /** Only what this principal may read: its own submissions and those of these agent-id globs. */
  readonly visibleTo: Visibility | null;
  readonly limit: number;
  readonly offset: number;
}

/** A page of actions: `hasMore` when others match behind its last one. */
export interface ActionPage {
  readonly rows: ActionRow[];
  readonly hasMore: boolean;
}

/** A bound on what a principal sees. */
export interface Visibility {
  readonly principalId: string;
  /** Globs (`*` and `?`). */
  readonly agentIds: readonly string[];
}

/** A ledger entry as stored. */
export interface LedgerRow {
  readonly idx: number;
  readonly leaf: string;
  readonly leaf_hash: Uint8Array;
  readonly root: Uint8Array;
  readonly action_id: string | null;
}

export interface ApiKeyRow {
  id: string;
  name: string;
  role: Role;
  agents: string;
  key_hash: string;
  created_at_ms: number;
  created_by: string;
  last_used_at_ms: number | null;
  revoked_at_ms: number | null;
}

export interface AgentRow {
  agent_id: string;
  actions: number;
  last_seen_at_ms: number | null;
  disabled_at_ms: number | null;
  disabled_by: string | null;
  reason: string | null;
}

/** What a change to an agent's stop says. */
export type AgentStop = Pick<AgentRow, "agent_id" | "disabled_at_ms" | "disabled_by" | "reason">;

/** What the params of a tool look like. */
export interface ToolSchemaRow {
  readonly tool: string;
  /** Empty for every operation. */
  readonly operation: string;
  /** A JSON Schema as JSON; null where it is not known any more. */
  readonly schema: string | null;
  readonly registered_at_ms: number;
  /** An actor as JSON. */
  readonly registered_by: string;
}

/** One version of a policy; nothing in it ever changes. */
export interface PolicyRow {
  id: string;
  version: number;
  hash: string;
  source: string;
  /** The texts of the packs that it extends, by name: a JSON object. */
  packs: string;
  /** The file of tests beside it. */
  tests: string | null;
  /** Over all its tests, those in the source included. */
  tests_hash: string;
  /** The agents it is for: a JSON list of names and globs, empty for every agent. */
  applies_to: string;
  note: string | null;
  created_at_ms: number;
  /** Who made it: an actor as JSON. */
  created_by: string;
  /** The ledger entry that recorded it. */
  ledger_index: number;
}

/** A version without its texts, which may be long. */
export type PolicySummaryRow = Omit<PolicyRow, "source" | "packs" | "tests">;

/** From when on a policy decides for the agents that it is for, or nothing does. */
export interface ActivationRow {
  /** Hex SHA-256 of `applies_to`: of each scope the newest row counts. */
  scope: string;
  ledger_index: number;
  /** Null where nothing decides for the scope any more. */
  policy_id: string | null;
  policy_version: number | null;
  note: string | null;
  at_ms: number;
  by_whom: string;
}

/** A new version, or activations, or both at once. */
export interface PolicyChange {
  readonly created: Omit<PolicyRow, "ledger_index"> | null;
  readonly activations: readonly Omit<ActivationRow, "ledger_index">[];
}

/** A change to what actions are decided by (a policy, an agent's stop, a key), with its ledger entry: both or neither. */
export interface Change<Row> {
  readonly row: Row;
  readonly entry: EntryDraft;
  /** {@link Store.rulesIndex} as it was when the row was read or thought up; null to change it whatever happened. */
  readonly decidedAt: number | null;
}

/** What came of a {@link Change}; `outdated` as in {@link Recorded}. */
export type Changed = "changed" | "outdated";

/** An entry that was committed, as whoever waits for it needs it. `action_id` is null where it may have changed the rules. */
export type Committed = Pick<LedgerRow, "idx" | "action_id">;

/** Who prunes, and from before which time. */
export interface PruneRequest {
  readonly beforeMs: number;
  readonly actor: Actor;
  readonly atMs: number;
}

/** What a pruning removes: actions, and the beginning of the ledger. */
export interface Pruning {
  readonly actions: number;
  readonly entries: number;
  /** The oldest entry that stays. It begins a commit, so that the root it names is the one before it. */
  readonly firstIndex: number;
  /** The root of the tree before that entry. */
  readonly root: Uint8Array;
}

/**
 * Where the gate keeps its record. What every store promises, and `test/store/store-conformance.ts` collects:
 *
 * - **Durable**: when a writing promise resolves, state and ledger entry are on disk, both or neither.
 * - **Ordered**: ledger indexes are gapless and each entry names the root before it; a fork cannot be stored.
 * - **Once**: of concurrent steps from one version exactly one is recorded, the others are `stale`; of concurrent
 *   submits with one idempotency key one is recorded, the others `replayed`.
 * - **Current**: what was decided by rules that are no longer the newest is not recorded, but `outdated`.
 * - **Closed**: a store that cannot write or read rejects with {@link StoreUnavailableError}, keeps nothing of the
 *   failed write, and works again by itself when the cause is gone. Where the connection to it broke while it was
 *   committing, nobody can tell; then the same idempotency key tells, later.
 * - **Told**: whoever listens hears of every commit, those of other nodes on the same database included.
 */
export interface Store {
  submit(action: NewAction): Promise<Recorded>;
  step(step: ActionStep): Promise<Recorded>;

  /** What an idempotency key stands for already, or null. */
  known(claim: IdempotencyClaim): Promise<Recorded | null>;

  action(id: string): Promise<ActionRow | null>;
  /** A page ends at the filter's limit, and early where its rows are large. */
  actions(filter: ActionFilter): Promise<ActionPage>;
  /** Every entry about one action, oldest first. */
  timeline(actionId: string): Promise<LedgerRow[]>;
  /** Actions whose approval or lease ended before now, the longest overdue first. */
  overdue(nowMs: number, limit: number): Promise<ActionRow[]>;
  /** Actions of an agent that have not begun to run: pending, allowed or approved. */
  unclaimed(agentId: string, limit: number): Promise<ActionRow[]>;

  /**
   * Entries about actions that may be seen, with an index above `afterIndex`, oldest first. Fewer than `limit` says
   * that there are no more.
   */
  actionEntries(afterIndex: number, limit: number, visibleTo: Visibility | null): Promise<LedgerRow[]>;
  /** Entries in the ledger. */
  ledgerSize(): Promise<number>;
  /** The index of the newest entry that changed what actions are decided by; −1 before any. */
  rulesIndex(): Promise<number>;

  apiKeys(): Promise<ApiKeyRow[]>;
  apiKey(id: string): Promise<ApiKeyRow | null>;
  /** Makes or changes a key. */
  putApiKey(change: Change<ApiKeyRow>): Promise<Changed>;
  /** Notes the last use of keys; a convenience for people, so not in the ledger. */
  touchApiKeys(usedAtMs: ReadonlyMap<string, number>): Promise<void>;

  /** The stopped ones first, then those seen last. */
  agents(): Promise<AgentRow[]>;
  /** Every agent that is stopped, however many agents there are. */
  disabledAgents(): Promise<string[]>;
  agent(agentId: string): Promise<AgentRow | null>;
  putAgentStop(change: Change<AgentStop>): Promise<Changed>;

  /** What the params of tools look like, by tool and operation. */
  toolSchemas(): Promise<ToolSchemaRow[]>;
  putToolSchemas(change: Change<readonly ToolSchemaRow[]>): Promise<Changed>;

  /** A version of a policy, or with null its newest one. */
  policy(id: string, version: number | null): Promise<PolicyRow | null>;
  /** The newest version of every policy, by id. */
  policies(): Promise<PolicySummaryRow[]>;
  /** The versions of a policy, newest first. */
  policyVersions(id: string): Promise<PolicySummaryRow[]>;
  /** What decides now: of each scope the newest activation, where it names a policy; oldest first. */
  activePolicies(): Promise<ActivationRow[]>;
  /** The newest activations, newest first: all, or those of the scopes that a policy was ever active for. */
  activations(policyId: string | null, limit: number): Promise<ActivationRow[]>;
  /** The store fills in `ledger_index`. */
  putPolicy(change: Change<PolicyChange>): Promise<Changed>;

  /**
   * What {@link prune} would remove: actions that nothing happened to since a time and that wait for nobody, and the
   * entries older than it, up to the first one about an action that stays.
   *
   * @throws LedgerMismatchError when an entry that would go is not what its hashes say.
   */
  prunable(beforeMs: number): Promise<Pruning>;
  /**
   * Makes the ledger begin later, with an entry `ledger.pruned` that says so: it is verified from there on. What is not
   * needed any more goes afterwards, by {@link removePruned}. Nothing is recorded where there is nothing to remove.
   *
   * @throws LedgerMismatchError as above; then nothing is pruned.
   */
  prune(request: PruneRequest): Promise<Pruning>;
  /**
   * Removes what was pruned, by whichever node, in many short transactions, for so many milliseconds or a little longer.
   * True when nothing is left; otherwise it is to be called again.
   */
  removePruned(forMs: number): Promise<boolean>;
  /** The oldest entry that was not pruned. */
  firstIndex(): Promise<number>;

  /** Forgets idempotency keys made before a time. */
  forgetIdempotencyKeys(beforeMs: number): Promise<void>;
  /** Calls back with what was committed, soon after each commit, by whichever node. One listener. */
  onCommit(listener: (entries: readonly Committed[]) => void): void;
  /**
   * Resolves when the store can write, and the ledger is where this process left it.
   *
   * @throws StoreUnavailableError, LedgerMismatchError
   */
  probe(): Promise<void>;
  /** Commits what is waiting, then closes. Closing again changes nothing; writing then is refused. */
  close(): Promise<void>;
}

/** Where nodes keep a secret that they share, one text: read, and replaced only while it is still what was read. */
export interface SharedText {
  read(): Promise<string | null>;
  replace(before: string | null, after: string): Promise<boolean>;
}

/** The store is full, locked or gone. Nothing of the write was kept. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** The data directory is served by another process. */
export class DirectoryInUseError extends Error {
  override readonly name = "DirectoryInUseError";
}

/** The stored ledger is not what its own hashes say. */
export class LedgerMismatchError extends Error {
  override readonly name = "LedgerMismatchError";
  readonly index: number;

  constructor(index: number, message: string) {
    super(`ledger entry ${index}: ${message}`);
    this.index = index;
  }
}
