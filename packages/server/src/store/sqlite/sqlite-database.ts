import { takePage } from "../sql/action-page.js";
import type { Asked, Changes, Database, Found, HeadRow, KnownKey, Removed, SqlQuery } from "../sql/database.js";
import type { RunningPruning } from "../sql/prune-statements.js";
import { SQL } from "../sql/statements.js";
import { unescapeText } from "../sql/text.js";
import type { ActionPage, ActionRow } from "../store.js";
import { ActionTerms } from "./action-terms.js";
import type { Checkpointer } from "./checkpointer.js";
import { asStoreError, type OpenFile, type Statement } from "./database.js";
import { SQLITE_DIALECT } from "./dialect.js";
import type { DirectoryLock } from "./directory-lock.js";
import { PrunedRows } from "./pruned-rows.js";
import { RowStatements } from "./row-statements.js";

/** A SQLite file of this process alone. */
export class SqliteDatabase implements Database {
  readonly dialect = SQLITE_DIALECT;
  readonly #file: OpenFile;
  readonly #lock: DirectoryLock;
  readonly #checkpointer: Checkpointer;
  readonly #rows: RowStatements;
  readonly #terms: ActionTerms;
  readonly #pruned: PrunedRows;
  readonly #statements = new Map<string, Statement>();

  constructor(file: OpenFile, lock: DirectoryLock, checkpointer: Checkpointer) {
    this.#file = file;
    this.#lock = lock;
    this.#checkpointer = checkpointer;
    this.#rows = new RowStatements(file.sqlite);
    this.#terms = new ActionTerms(file.sqlite);
    this.#pruned = new PrunedRows(file.sqlite, this.#terms);
  }

  readonly ask = async <Row>(query: SqlQuery): Promise<Row[]> => this.#reading(() => this.#all<Row>(query));

  async page(query: SqlQuery, limit: number): Promise<ActionPage> {
    return this.#reading(() => takePage(this.#iterate<ActionRow>(query), limit));
  }

  /** Nobody else writes, and nothing is written while a caller that starts a server waits. */
  snapshot<T>(read: (ask: Database["ask"]) => Promise<T>): Promise<T> {
    return read(this.ask);
  }

  transact(asked: Asked, settle: (found: Found) => Changes): void {
    this.#inTransaction(() => this.#write(settle(this.#find(asked))));
  }

  async removePart(pruning: RunningPruning): Promise<Removed> {
    return this.#inTransaction(() => this.#pruned.removePart(pruning)) ? "something" : "nothing";
  }

  /** Nobody else has this file. */
  follow(): void {}

  async close(): Promise<void> {
    try {
      await this.#checkpointer.close();
      if (this.#file.sqlite.isOpen) this.#file.sqlite.close();
    } finally {
      this.#lock.release();
    }
  }

  #find({ claims, actionIds }: Asked): Found {
    const known = claims.flatMap(({ principalId, key }) =>
      this.#all<KnownKey>({ sql: SQL.known, values: [principalId, key] }),
    );
    const ids = new Set([...actionIds, ...known.map(({ subject_id }) => subject_id)]);
    const actions = [...ids].flatMap((id) => this.#all<ActionRow>({ sql: SQL.action, values: [id] }));
    const [head] = this.#all<HeadRow>({ sql: SQL.head, values: [] });
    if (head === undefined) throw new Error("the ledger has no head");
    return { head, known, actions };
  }

  #write(changes: Changes): void {
    this.#rows.write("newAction", changes.newActions);
    this.#terms.add(changes.newTerms);
    this.#rows.write("advancedAction", changes.advancedActions);
    this.#rows.write("entry", changes.entries);
    this.#rows.write("frontier", changes.frontiers);
    this.#rows.write("idempotencyKey", changes.idempotencyKeys);
    this.#rows.write("seenAgent", changes.seenAgents);
    this.#rows.write("agentStop", changes.agentStops);
    this.#rows.write("apiKey", changes.apiKeys);
    this.#rows.write("usedApiKey", changes.usedApiKeys);
    this.#rows.write("toolSchema", changes.toolSchemas);
    this.#rows.write("policy", changes.policies);
    this.#rows.write("activation", changes.activations);
    for (const { sql, values } of changes.others) this.#statement(sql).run(...values);
    if (changes.entries.length > 0) this.#rows.write("head", [{ id: 1, ...changes.head }]);
  }

  #inTransaction<T>(work: () => T): T {
    const { sqlite } = this.#file;
    try {
      this.#assertPresent();
      sqlite.exec("BEGIN IMMEDIATE");
      const result = work();
      sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw asStoreError(error);
    }
  }

  /** Never throws: whatever state the driver is in, the writes must be told that they failed. */
  #rollBack(): void {
    try {
      if (this.#file.sqlite.isTransaction) this.#file.sqlite.exec("ROLLBACK");
    } catch {
      // A closed database took its transaction along; an open one refuses the next BEGIN, which rolls back again.
    }
  }

  #reading<T>(read: () => T): T {
    try {
      this.#assertPresent();
      return read();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  #assertPresent(): void {
    this.#lock.assertHeld();
    this.#file.assertPresent();
  }

  #all<Row>({ sql, values }: SqlQuery): Row[] {
    return (this.#statement(sql).all(...values) as unknown as Row[]).map(withTexts);
  }

  *#iterate<Row>({ sql, values }: SqlQuery): Iterable<Row> {
    for (const row of this.#statement(sql).iterate(...values)) yield withTexts(row as Row);
  }

  /** Prepared once; filters make few shapes, but a caller must not be able to fill the memory with them. */
  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const prepared = this.#file.sqlite.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

const STATEMENTS_MAX = 500;

/** Columns with what people wrote. */
const FREE_TEXTS = ["reason", "approval_note", "error", "name", "source"];

/** A row with its texts as they were written. */
function withTexts<Row>(row: Row): Row {
  const texts = row as Record<string, unknown>;
  for (const column of FREE_TEXTS) {
    const text = texts[column];
    if (typeof text === "string") texts[column] = unescapeText(text);
  }
  return row;
}
