import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import type { EntryDraft } from "@faramesh/core";
import { ACTION_COLUMNS } from "../sql/columns.js";
import { listActionsQuery, type SqlValue } from "../sql/list-actions.js";
import { listEntriesQuery } from "../sql/list-entries.js";
import type {
  ActionFilter,
  ActionPage,
  ActionRow,
  ActionStep,
  AgentRow,
  ApiKeyRow,
  Change,
  IdempotencyClaim,
  LedgerRow,
  NewAction,
  PolicyRow,
  Recorded,
  Store,
  Visibility,
} from "../store.js";
import { takePage } from "./action-page.js";
import { ActionsTable } from "./actions-table.js";
import { Checkpointer } from "./checkpointer.js";
import { asStoreError, type Database, openDatabase, type Statement } from "./database.js";
import { type DirectoryLock, lockDirectory } from "./directory-lock.js";
import { GroupCommit } from "./group-commit.js";
import { LedgerTable } from "./ledger-table.js";

/** The store on one SQLite file, for one process. */
export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #lock: DirectoryLock;
  readonly #checkpointer: Checkpointer;
  readonly #ledger: LedgerTable;
  readonly #actions: ActionsTable;
  readonly #commits: GroupCommit;
  readonly #statements = new Map<string, Statement>();
  #closed: Promise<void> | null = null;
  #listener: (entries: readonly LedgerRow[]) => void = () => {};

  /**
   * Opens `faramesh.db` in a data directory, made new where there is none.
   *
   * @param open - How the file is opened.
   * @throws DirectoryInUseError when another process serves the directory.
   * @throws LedgerMismatchError when the stored ledger is not what its hashes say.
   */
  constructor(directory: string, open: (path: string) => Database = openDatabase) {
    this.#lock = lockDirectory(directory);
    const path = join(directory, "faramesh.db");
    try {
      this.#database = open(path);
      this.#ledger = new LedgerTable(this.#database.sqlite);
      this.#actions = new ActionsTable(this.#database.sqlite, this.#ledger);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#checkpointer = new Checkpointer(path);
    this.#commits = new GroupCommit(this.#database.sqlite, {
      before: () => this.#assertPresent(),
      finish: () => {
        this.#actions.countSubmissions();
        this.#ledger.finish();
      },
      committed: () => this.#announce(),
      undone: () => {
        this.#ledger.undone();
        this.#actions.undone();
      },
    });
  }

  /** Says in the directory who serves it. */
  describeHolder(holder: { pid: number; url: string }): void {
    this.#lock.describe(holder);
  }

  submit(action: NewAction): Promise<Recorded> {
    return this.#commits.write(() => this.#once(action.idempotency, action.row.id, () => this.#actions.insert(action)));
  }

  step(step: ActionStep): Promise<Recorded> {
    return this.#commits.write(() => this.#once(step.idempotency, step.id, () => this.#actions.advance(step)));
  }

  async known(claim: IdempotencyClaim): Promise<Recorded | null> {
    return this.#read(() => this.#known(claim));
  }

  async action(id: string): Promise<ActionRow | null> {
    return this.#read(() => this.#actions.get(id));
  }

  async actions(filter: ActionFilter): Promise<ActionPage> {
    const { sql, values } = listActionsQuery(filter);
    return this.#read(() =>
      takePage(this.#statement(sql).iterate(...values) as IterableIterator<ActionRow>, filter.limit),
    );
  }

  async timeline(actionId: string): Promise<LedgerRow[]> {
    return this.#all("SELECT * FROM ledger_entries WHERE action_id = ? ORDER BY idx", actionId);
  }

  async overdue(nowMs: number, limit: number): Promise<ActionRow[]> {
    return this.#all(
      `SELECT * FROM (SELECT ${COLUMNS}, approval_expires_at_ms AS due FROM actions
                       WHERE status = 'pending_approval' AND approval_expires_at_ms <= ?1
                       UNION ALL
                       SELECT ${COLUMNS}, lease_expires_at_ms FROM actions
                       WHERE status = 'executing' AND lease_expires_at_ms <= ?1)
        ORDER BY due LIMIT ?2`,
      nowMs,
      limit,
    );
  }

  async unclaimed(agentId: string, limit: number): Promise<ActionRow[]> {
    return this.#all(
      `SELECT * FROM actions WHERE agent_id = ? AND status IN ('pending_approval', 'allowed', 'approved')
        ORDER BY id LIMIT ?`,
      agentId,
      limit,
    );
  }

  /** Reads stretch by stretch and lets others in between: a principal may see little of a long ledger. */
  async actionEntries(afterIndex: number, limit: number, visibleTo: Visibility | null): Promise<LedgerRow[]> {
    const entries: LedgerRow[] = [];
    for (let from = afterIndex; ; from += STRETCH) {
      const stretch = { afterIndex: from, lastIndex: from + STRETCH };
      const { sql, values } = listEntriesQuery(stretch, limit - entries.length, visibleTo);
      entries.push(...this.#all<LedgerRow>(sql, ...values));
      if (entries.length >= limit || stretch.lastIndex >= this.#ledger.nextIndex - 1) return entries;
      await breathe();
    }
  }

  async ledgerSize(): Promise<number> {
    return this.#ledger.nextIndex;
  }

  async record(entry: EntryDraft): Promise<void> {
    await this.#change(entry, () => {});
  }

  async apiKeys(): Promise<ApiKeyRow[]> {
    return this.#all("SELECT * FROM api_keys ORDER BY created_at_ms, id");
  }

  async apiKey(id: string): Promise<ApiKeyRow | null> {
    return this.#one("SELECT * FROM api_keys WHERE id = ?", id);
  }

  async putApiKey({ row, entry }: Change<ApiKeyRow>): Promise<void> {
    await this.#change(entry, () => {
      this.#statement(
        `INSERT INTO api_keys (id, name, role, agents, key_hash, created_at_ms, created_by, last_used_at_ms, revoked_at_ms)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET key_hash = excluded.key_hash, revoked_at_ms = excluded.revoked_at_ms`,
      ).run(
        row.id,
        row.name,
        row.role,
        row.agents,
        row.key_hash,
        row.created_at_ms,
        row.created_by,
        row.last_used_at_ms,
        row.revoked_at_ms,
      );
    });
  }

  async touchApiKeys(usedAtMs: ReadonlyMap<string, number>): Promise<void> {
    await this.#commits.write(() => {
      const touch = this.#statement("UPDATE api_keys SET last_used_at_ms = ? WHERE id = ?");
      for (const [id, atMs] of usedAtMs) touch.run(atMs, id);
    });
  }

  async agents(): Promise<AgentRow[]> {
    return this.#all(
      "SELECT * FROM agents ORDER BY disabled_at_ms IS NULL, last_seen_at_ms DESC, agent_id LIMIT 10000",
    );
  }

  async disabledAgents(): Promise<string[]> {
    const rows = this.#all<{ agent_id: string }>("SELECT agent_id FROM agents WHERE disabled_at_ms IS NOT NULL");
    return rows.map(({ agent_id }) => agent_id);
  }

  async agent(agentId: string): Promise<AgentRow | null> {
    return this.#one("SELECT * FROM agents WHERE agent_id = ?", agentId);
  }

  async putAgentDisabled({
    row,
    entry,
  }: Change<Pick<AgentRow, "agent_id" | "disabled_at_ms" | "disabled_by" | "reason">>): Promise<void> {
    await this.#change(entry, () => {
      this.#statement(
        `INSERT INTO agents (agent_id, disabled_at_ms, disabled_by, reason) VALUES (?, ?, ?, ?)
         ON CONFLICT (agent_id) DO UPDATE SET disabled_at_ms = excluded.disabled_at_ms,
                                              disabled_by = excluded.disabled_by, reason = excluded.reason`,
      ).run(row.agent_id, row.disabled_at_ms, row.disabled_by, row.reason);
    });
  }

  async latestPolicy(id: string | null): Promise<PolicyRow | null> {
    return id === null
      ? this.#one("SELECT * FROM policies ORDER BY ledger_index DESC LIMIT 1")
      : this.#one("SELECT * FROM policies WHERE id = ? ORDER BY version DESC LIMIT 1", id);
  }

  async putPolicy({ row, entry }: Change<Omit<PolicyRow, "ledger_index">>): Promise<void> {
    await this.#change(entry, () => {
      this.#statement(
        "INSERT INTO policies (id, version, hash, source, loaded_at_ms, ledger_index) VALUES (?, ?, ?, ?, ?, ?)",
      ).run(row.id, row.version, row.hash, row.source, row.loaded_at_ms, this.#ledger.nextIndex);
    });
  }

  async forgetIdempotencyKeys(beforeMs: number): Promise<void> {
    await this.#commits.write(() => {
      this.#statement("DELETE FROM idempotency_keys WHERE created_at_ms < ?").run(beforeMs);
    });
  }

  onCommit(listener: (entries: readonly LedgerRow[]) => void): void {
    this.#listener = listener;
  }

  async probe(): Promise<void> {
    await this.#commits.write(() => {
      // An empty transaction commits on a full disk, too; this one has a page to put there.
      this.#statement("UPDATE probe SET beat = beat + 1").run();
    });
    this.#read(() => this.#ledger.assertUnmoved());
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    this.#commits.close();
    try {
      await this.#checkpointer.close();
      if (this.#database.sqlite.isOpen) this.#database.sqlite.close();
    } finally {
      this.#lock.release();
    }
  }

  /** Does a write unless its idempotency key says that it was done before. */
  #once(claim: IdempotencyClaim | null, subjectId: string, write: () => Recorded): Recorded {
    const known = claim === null ? null : this.#known(claim);
    if (known !== null) return known;
    const recorded = write();
    if (claim !== null && recorded.kind === "recorded") {
      this.#statement(
        "INSERT INTO idempotency_keys (principal_id, key, fingerprint, subject_id, created_at_ms) VALUES (?, ?, ?, ?, ?)",
      ).run(claim.principalId, claim.key, claim.fingerprint, subjectId, recorded.action.updated_at_ms);
    }
    return recorded;
  }

  #known(claim: IdempotencyClaim): Recorded | null {
    const known = this.#statement(
      "SELECT fingerprint, subject_id FROM idempotency_keys WHERE principal_id = ? AND key = ?",
    ).get(claim.principalId, claim.key) as { fingerprint: string; subject_id: string } | undefined;
    if (known === undefined) return null;
    const action = known.fingerprint === claim.fingerprint ? this.#actions.get(known.subject_id) : null;
    return action === null ? { kind: "idempotency_conflict" } : { kind: "replayed", action };
  }

  #change(entry: EntryDraft, write: () => void): Promise<void> {
    return this.#commits.write(() => {
      write();
      this.#ledger.append(entry, null);
    });
  }

  #announce(): void {
    this.#actions.committed();
    const entries = this.#ledger.committed();
    if (entries.length > 0) this.#listener(entries);
  }

  #assertPresent(): void {
    this.#lock.assertHeld();
    this.#database.assertPresent();
  }

  #read<T>(read: () => T): T {
    try {
      this.#assertPresent();
      return read();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  #all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#read(() => this.#statement(sql).all(...values) as unknown as Row[]);
  }

  #one<Row>(sql: string, ...values: SqlValue[]): Row | null {
    return this.#read(() => (this.#statement(sql).get(...values) as unknown as Row | undefined) ?? null);
  }

  /** Prepared once; filters make few shapes, but a caller must not be able to fill the memory with them. */
  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const prepared = this.#database.sqlite.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

const COLUMNS = ACTION_COLUMNS.join(", ");

const STATEMENTS_MAX = 500;

/** Ledger entries looked through in one go: a few milliseconds. */
const STRETCH = 4_096;
