import { StoreUnavailableError } from "../store.js";
import { asStoreError, type Sqlite } from "./database.js";

/** Writes that may wait for one commit; more are refused, so that a stalled disk cannot fill the memory. */
const WAITING_MAX = 20_000;

/** What a group needs of the driver. */
type Transactions = Pick<Sqlite, "exec" | "isTransaction">;

interface Job {
  run(): void;
  settle(): void;
  fail(error: unknown): void;
}

/** What surrounds the jobs of a group inside its transaction. */
export interface GroupHooks {
  /** Before the transaction: throws when writing would be in vain. */
  before(): void;
  /** Inside the transaction, after all jobs. */
  finish(): void;
  /** The transaction is durable. */
  committed(): void;
  /** The transaction is undone, and with it what the hooks noted in memory. */
  undone(): void;
}

/**
 * One durable commit for all writes that wait in the same turn of the event loop. A write's promise resolves after
 * the commit that holds it, never before.
 */
export class GroupCommit {
  readonly #sqlite: Transactions;
  readonly #hooks: GroupHooks;
  #waiting: Job[] = [];
  #isClosed = false;

  constructor(sqlite: Transactions, hooks: GroupHooks) {
    this.#sqlite = sqlite;
    this.#hooks = hooks;
  }

  /**
   * Runs `work` inside the next commit.
   *
   * @throws StoreUnavailableError when the commit fails, when too many writes wait, or after {@link close}.
   */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed || this.#waiting.length >= WAITING_MAX) {
        reject(new StoreUnavailableError(this.#isClosed ? "the store is closed" : "too many writes are waiting"));
        return;
      }
      let result: T;
      this.#waiting.push({
        run: () => {
          result = work();
        },
        settle: () => resolve(result),
        fail: reject,
      });
      if (this.#waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits what is waiting, and refuses every later write. */
  close(): void {
    this.#isClosed = true;
    this.flush();
  }

  /** Commits what is waiting now. */
  flush(): void {
    const jobs = this.#waiting;
    this.#waiting = [];
    if (jobs.length === 0) return;
    const failure = this.#commit(jobs);
    if (failure === null) {
      for (const job of jobs) job.settle();
    } else {
      this.#commitApart(jobs, failure);
    }
  }

  /** One bad write must not take its neighbours down: each is tried alone, the bad one fails alone. */
  #commitApart(jobs: readonly Job[], failure: { error: unknown }): void {
    for (const job of jobs) {
      const alone = jobs.length === 1 || failure.error instanceof StoreUnavailableError ? failure : this.#commit([job]);
      if (alone === null) job.settle();
      else job.fail(alone.error);
    }
  }

  #commit(jobs: readonly Job[]): null | { error: unknown } {
    try {
      this.#hooks.before();
      this.#sqlite.exec("BEGIN IMMEDIATE");
      for (const job of jobs) job.run();
      this.#hooks.finish();
      this.#sqlite.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      return { error: asStoreError(error) };
    }
    this.#hooks.committed();
    return null;
  }

  /** Never throws: whatever state the driver is in, the writes must be told that they failed. */
  #rollBack(): void {
    try {
      if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
    } catch {
      // A closed database took its transaction along; an open one refuses the next BEGIN, which rolls back again.
    } finally {
      this.#hooks.undone();
    }
  }
}
