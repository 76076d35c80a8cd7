import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Committed, StoreUnavailableError } from "../store.js";
import type { Asked, Changes, Database, Found } from "./database.js";
import { assertNotSetBack, GroupDraft } from "./group-draft.js";
import { type LedgerHead, readHead } from "./ledger-draft.js";

/** Writes that may wait for one commit; more are refused, so that a stalled disk cannot fill the memory. */
const WAITING_MAX = 20_000;

/** What one commit holds at the most. */
const GROUP_WRITES_MAX = 1_000;
const GROUP_BYTES_MAX = 8_000_000;

/** A write that waits for a commit. */
export interface Write<T> {
  readonly asks: Asked;
  /** About how many bytes it writes. */
  readonly bytes: number;
  /** Says what comes of it, from what its transaction found. */
  settle(draft: GroupDraft): T;
}

interface Waiting {
  readonly write: Write<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What commits tell. */
export type OnCommitted = (entries: readonly Committed[]) => void;

/**
 * One durable transaction for all writes that wait: those of one turn of the event loop, or those that came while the
 * transaction before was on its way. A write's promise resolves after the commit that holds it, never before.
 */
export class GroupCommit {
  readonly #database: Pick<Database, "transact">;
  readonly #onCommitted: OnCommitted;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #isClosed = false;
  #head: LedgerHead | null = null;

  constructor(database: Pick<Database, "transact">, onCommitted: OnCommitted) {
    this.#database = database;
    this.#onCommitted = onCommitted;
  }

  /**
   * Does a write inside the next commit.
   *
   * @throws StoreUnavailableError when the commit fails, when too many writes wait, or after {@link close}.
   */
  write<T>(write: Write<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed || this.#waiting.length >= WAITING_MAX) {
        reject(new StoreUnavailableError(this.#isClosed ? "the store is closed" : "too many writes are waiting"));
        return;
      }
      this.#waiting.push({ write, resolve: resolve as Waiting["resolve"], reject });
      if (this.#running === null) this.#running = this.#run();
    });
  }

  /** Commits what is waiting, and refuses every later write. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The requests of one turn of the event loop come into one commit.
    for (await endOfTurn(); this.#waiting.length > 0; await endOfTurn()) await this.#settle(this.#takeGroup());
    this.#running = null;
  }

  #takeGroup(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { write } of this.#waiting) {
      bytes += write.bytes;
      if (count > 0 && (count >= GROUP_WRITES_MAX || bytes > GROUP_BYTES_MAX)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #settle(group: readonly Waiting[]): Promise<void> {
    const failure = await this.#commit(group);
    if (failure !== null) await this.#settleApart(group, failure.error);
  }

  /**
   * One bad write must not take its neighbours down: each is tried alone, the bad one fails alone. One that was alone is
   * tried again, too: what it was to change may have been pruned in the middle of it, and is then found to be gone.
   */
  async #settleApart(group: readonly Waiting[], error: unknown): Promise<void> {
    for (const one of group) {
      const isHopeless = error instanceof StoreUnavailableError;
      const failure = isHopeless ? { error } : await this.#commit([one]);
      if (failure !== null) one.reject(failure.error);
    }
  }

  async #commit(group: readonly Waiting[]): Promise<null | { error: unknown }> {
    let results: unknown[] = [];
    let head = this.#head;
    let entries: Changes["entries"] = [];
    const settle = (found: Found): Changes => {
      assertNotSetBack(found.head, this.#head);
      const draft = new GroupDraft(readHead(found.head, this.#head), found);
      results = group.map(({ write }) => write.settle(draft));
      const finished = draft.finish();
      head = finished.head;
      entries = finished.changes.entries;
      return finished.changes;
    };
    try {
      await this.#database.transact(asksOf(group), settle);
    } catch (error) {
      return { error };
    }
    this.#head = head;
    for (const [place, { resolve }] of group.entries()) resolve(results[place]);
    if (entries.length > 0) this.#onCommitted(entries);
    return null;
  }
}

function asksOf(group: readonly Waiting[]): Asked {
  return {
    claims: group.flatMap(({ write }) => write.asks.claims),
    actionIds: group.flatMap(({ write }) => write.asks.actionIds),
  };
}
