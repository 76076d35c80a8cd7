import { setImmediate as breathe } from "node:timers/promises";
import type {
  ActionFilter,
  ActionPage,
  ActionRow,
  ActionStep,
  ActivationRow,
  AgentRow,
  AgentStop,
  ApiKeyRow,
  Change,
  Changed,
  Committed,
  IdempotencyClaim,
  LedgerRow,
  NewAction,
  PolicyChange,
  PolicyRow,
  PolicySummaryRow,
  PruneRequest,
  Pruning,
  Recorded,
  Store,
  ToolSchemaRow,
  Visibility,
} from "../store.js";
import { LedgerMismatchError } from "../store.js";
import type { Asked, Database, HeadRow, KnownKey, SqlQuery, SqlValue } from "./database.js";
import { findPrunable } from "./find-prunable.js";
import { GroupCommit } from "./group-commit.js";
import type { GroupDraft } from "./group-draft.js";
import { listActions } from "./list-actions.js";
import { listEntriesQuery } from "./list-entries.js";
import { listUnclaimedQuery } from "./list-unclaimed.js";
import { removePruned } from "./remove-pruned.js";
import { SQL } from "./statements.js";
import { termsOf } from "./terms.js";
import { toldOnce } from "./told-once.js";

/** The store on a SQL database, whichever: one query a verb, and one way of writing. */
export class SqlStore implements Store {
  readonly #database: Database;
  readonly #commits: GroupCommit;
  #listener: (entries: readonly Committed[]) => void = () => {};
  #removing: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  /** @param database - Migrated, and with a ledger that was verified. */
  constructor(database: Database) {
    this.#database = database;
    const tell = toldOnce((entries) => this.#listener(entries));
    this.#commits = new GroupCommit(database, tell);
    database.follow(tell);
  }

  submit(action: NewAction): Promise<Recorded> {
    const { row, idempotency } = action;
    const bytes = row.params.length + (row.context?.length ?? 0) + ROW_BYTES;
    // Here, where it holds up nobody who writes.
    const terms = termsOf(row);
    return this.#commits.write({
      asks: asksFor(idempotency, []),
      bytes,
      settle: (draft) => draft.submit(action, terms),
    });
  }

  step(step: ActionStep): Promise<Recorded> {
    const bytes = (step.set.result?.length ?? 0) + (step.set.meta?.length ?? 0) + ROW_BYTES;
    const asks = asksFor(step.idempotency, [step.id]);
    return this.#commits.write({ asks, bytes, settle: (draft) => draft.step(step) });
  }

  async known(claim: IdempotencyClaim): Promise<Recorded | null> {
    const known = await this.#one<KnownKey>(SQL.known, claim.principalId, claim.key);
    if (known === null) return null;
    const action = known.fingerprint === claim.fingerprint ? await this.action(known.subject_id) : null;
    return action === null ? { kind: "idempotency_conflict" } : { kind: "replayed", action };
  }

  action(id: string): Promise<ActionRow | null> {
    return this.#one(SQL.action, id);
  }

  actions(filter: ActionFilter): Promise<ActionPage> {
    return listActions(this.#database, filter);
  }

  timeline(actionId: string): Promise<LedgerRow[]> {
    return this.#all(SQL.timeline, actionId);
  }

  overdue(nowMs: number, limit: number): Promise<ActionRow[]> {
    return this.#all(SQL.overdue, nowMs, nowMs, limit);
  }

  unclaimed(agentId: string, limit: number): Promise<ActionRow[]> {
    return this.#database.ask(listUnclaimedQuery(agentId, limit, this.#database.dialect));
  }

  /** Reads stretch by stretch and lets others in between: a principal may see little of a long ledger. */
  async actionEntries(afterIndex: number, limit: number, visibleTo: Visibility | null): Promise<LedgerRow[]> {
    const { size, first_index: firstIndex } = await this.#head();
    const entries: LedgerRow[] = [];
    for (let from = Math.max(afterIndex, firstIndex - 1); from < size - 1; from += STRETCH) {
      const stretch = { afterIndex: from, lastIndex: Math.min(from + STRETCH, size - 1) };
      const query = listEntriesQuery(stretch, limit - entries.length, visibleTo, this.#database.dialect);
      entries.push(...(await this.#database.ask<LedgerRow>(query)));
      if (entries.length >= limit) return entries;
      await breathe();
    }
    return entries;
  }

  async ledgerSize(): Promise<number> {
    return (await this.#head()).size;
  }

  async rulesIndex(): Promise<number> {
    return (await this.#head()).rules_index;
  }

  apiKeys(): Promise<ApiKeyRow[]> {
    return this.#all(SQL.apiKeys);
  }

  apiKey(id: string): Promise<ApiKeyRow | null> {
    return this.#one(SQL.apiKey, id);
  }

  putApiKey(change: Change<ApiKeyRow>): Promise<Changed> {
    return this.#write((draft) => draft.putApiKey(change));
  }

  touchApiKeys(usedAtMs: ReadonlyMap<string, number>): Promise<void> {
    return this.#write((draft) => draft.touchApiKeys(usedAtMs));
  }

  agents(): Promise<AgentRow[]> {
    return this.#all(SQL.agents);
  }

  async disabledAgents(): Promise<string[]> {
    return (await this.#all<AgentRow>(SQL.disabledAgents)).map(({ agent_id }) => agent_id);
  }

  agent(agentId: string): Promise<AgentRow | null> {
    return this.#one(SQL.agent, agentId);
  }

  putAgentStop(change: Change<AgentStop>): Promise<Changed> {
    return this.#write((draft) => draft.putAgentStop(change));
  }

  toolSchemas(): Promise<ToolSchemaRow[]> {
    return this.#all(SQL.toolSchemas);
  }

  putToolSchemas(change: Change<readonly ToolSchemaRow[]>): Promise<Changed> {
    return this.#write((draft) => draft.putToolSchemas(change));
  }

  policy(id: string, version: number | null): Promise<PolicyRow | null> {
    return version === null ? this.#one(SQL.newestPolicy, id) : this.#one(SQL.policy, id, version);
  }

  policies(): Promise<PolicySummaryRow[]> {
    return this.#all(SQL.policies);
  }

  policyVersions(id: string): Promise<PolicySummaryRow[]> {
    return this.#all(SQL.policyVersions, id);
  }

  activePolicies(): Promise<ActivationRow[]> {
    return this.#all(SQL.activePolicies);
  }

  activations(policyId: string | null, limit: number): Promise<ActivationRow[]> {
    return policyId === null ? this.#all(SQL.activations, limit) : this.#all(SQL.activationsOf, policyId, limit);
  }

  putPolicy(change: Change<PolicyChange>): Promise<Changed> {
    return this.#write((draft) => draft.putPolicy(change));
  }

  prunable(beforeMs: number): Promise<Pruning> {
    return findPrunable(this.#database.ask, beforeMs);
  }

  async prune(request: PruneRequest): Promise<Pruning> {
    // Found outside of the transaction, because it takes its time; again only where somebody else pruned meanwhile.
    for (;;) {
      const found = await findPrunable(this.#database.ask, request.beforeMs);
      if (found.actions === 0 && found.entries === 0) return found;
      if ((await this.#write((draft) => draft.prune(found, request))) === "changed") return found;
    }
  }

  removePruned(forMs: number): Promise<boolean> {
    const execute = (statement: SqlQuery): Promise<void> => this.#write((draft) => draft.execute(statement));
    // One after the other, so that a call finds what the one before it left.
    const removing = this.#removing.then(() => {
      const endMs = performance.now() + forMs;
      const mayGoOn = (): boolean => this.#closed === null && performance.now() < endMs;
      return removePruned(this.#database, mayGoOn, execute);
    });
    this.#removing = removing.catch(() => {});
    return removing;
  }

  async firstIndex(): Promise<number> {
    return (await this.#head()).first_index;
  }

  forgetIdempotencyKeys(beforeMs: number): Promise<void> {
    return this.#write((draft) => draft.execute({ sql: SQL.forget, values: [beforeMs] }));
  }

  onCommit(listener: (entries: readonly Committed[]) => void): void {
    this.#listener = listener;
  }

  async probe(): Promise<void> {
    await this.#write((draft) => draft.execute({ sql: SQL.beat, values: [] }));
    const end = await this.#one<{ size: number; stored: number }>(SQL.storedEnd);
    if (end === null || end.stored !== end.size) {
      const { size = 0, stored = 0 } = end ?? {};
      throw new LedgerMismatchError(Math.min(size, stored), `the store holds ${stored} entries, not ${size}`);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#commits.close().then(() => this.#database.close());
    return this.#closed;
  }

  #write<T>(settle: (draft: GroupDraft) => T): Promise<T> {
    return this.#commits.write({ asks: asksFor(null, []), bytes: ROW_BYTES, settle });
  }

  async #head(): Promise<HeadRow> {
    const head = await this.#one<HeadRow>(SQL.head);
    if (head === null) throw new LedgerMismatchError(0, "the ledger has no head");
    return head;
  }

  #all<Row>(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    return this.#database.ask({ sql, values });
  }

  async #one<Row>(sql: string, ...values: SqlValue[]): Promise<Row | null> {
    return (await this.#all<Row>(sql, ...values))[0] ?? null;
  }
}

/** About what a row and its ledger entry take beside their payload. */
const ROW_BYTES = 2_000;

/** Ledger entries looked through in one go: a few milliseconds. */
const STRETCH = 4_096;

function asksFor(claim: IdempotencyClaim | null, actionIds: readonly string[]): Asked {
  return { claims: claim === null ? [] : [claim], actionIds };
}
