import {
  decodeFrontier,
  EMPTY_FRONTIER,
  type EntryDraft,
  encodeFrontier,
  type Frontier,
  rootOf,
  type SealedEntry,
  sealEntry,
} from "@faramesh/core";
import { LedgerTail } from "../ledger-tail.js";
import { LedgerMismatchError, type LedgerRow } from "../store.js";
import type { Sqlite, Statement } from "./database.js";

/** A frontier is stored with the first commit that ends so many leaves after the last one. */
const FRONTIER_EVERY = 256;

const STORED_SIZE = "SELECT coalesce(max(idx) + 1, 0) AS size FROM ledger_entries";

/** The whole tree as last committed. */
interface Head {
  readonly frontier: Frontier;
  readonly root: Buffer;
}

type Appended = Pick<SealedEntry, "index" | "leaf" | "leafHash"> & { readonly actionId: string | null };

/** The ledger's table: appends inside the caller's transaction and keeps the head of the tree in memory. */
export class LedgerTable {
  readonly #storedSize: Statement;
  readonly #insert: Statement;
  readonly #insertFrontier: Statement;
  #committed: Head;
  #storedFrontierSize: number;
  /** The tree with what this transaction appended; its root is told once, when the transaction ends. */
  #frontier: Frontier;
  #appended: Appended[] = [];
  #rows: LedgerRow[] = [];
  #root: Buffer;

  /** @throws LedgerMismatchError when the stored tail is not what its hashes say. */
  constructor(sqlite: Sqlite) {
    this.#storedSize = sqlite.prepare(STORED_SIZE);
    this.#insert = sqlite.prepare(
      "INSERT INTO ledger_entries (idx, leaf, leaf_hash, root, action_id) VALUES (?, ?, ?, ?, ?)",
    );
    this.#insertFrontier = sqlite.prepare("INSERT INTO ledger_frontiers (size, subtrees) VALUES (?, ?)");
    this.#committed = verifiedHead(sqlite);
    this.#frontier = this.#committed.frontier;
    this.#root = this.#committed.root;
    this.#storedFrontierSize = newestFrontierSizes(sqlite)[0] ?? 0;
  }

  /**
   * Compares where the stored ledger ends with where the last commit left it. For outside a transaction.
   *
   * @throws LedgerMismatchError when another process has written to it, or cut it off.
   */
  assertUnmoved(): void {
    const { size: stored } = this.#storedSize.get() as { size: number };
    const { size } = this.#committed.frontier;
    if (stored !== size)
      throw new LedgerMismatchError(Math.min(stored, size), `the store holds ${stored} entries, not ${size}`);
  }

  /** The index the next entry gets. */
  get nextIndex(): number {
    return this.#frontier.size;
  }

  append(draft: EntryDraft, actionId: string | null): void {
    const { index, leaf, leafHash, frontier } = sealEntry(
      { frontier: this.#frontier, committedRoot: this.#committed.root },
      draft,
    );
    this.#frontier = frontier;
    this.#appended.push({ index, leaf, leafHash, actionId });
  }

  /** Writes what was appended, with the root that all of it leads to. For the end of a transaction. */
  finish(): void {
    if (this.#appended.length === 0) return;
    const root = rootOf(this.#frontier);
    for (const { index, leaf, leafHash, actionId } of this.#appended) {
      this.#insert.run(index, leaf, leafHash, root, actionId);
      this.#rows.push({ idx: index, leaf, leaf_hash: leafHash, root, action_id: actionId });
    }
    this.#root = root;
    if (this.#frontier.size - this.#storedFrontierSize >= FRONTIER_EVERY) {
      this.#insertFrontier.run(this.#frontier.size, encodeFrontier(this.#frontier));
    }
  }

  /** The transaction is durable: answers the entries it appended. */
  committed(): readonly LedgerRow[] {
    const { size } = this.#frontier;
    if (size - this.#storedFrontierSize >= FRONTIER_EVERY) this.#storedFrontierSize = size;
    this.#committed = { frontier: this.#frontier, root: this.#root };
    const rows = this.#rows;
    this.#forget();
    return rows;
  }

  /** The transaction is undone. */
  undone(): void {
    this.#frontier = this.#committed.frontier;
    this.#root = this.#committed.root;
    this.#forget();
  }

  #forget(): void {
    this.#appended = [];
    this.#rows = [];
  }
}

/** Recomputes the tail of the stored tree, leaf by leaf, from the last frontier but one. */
function verifiedHead(sqlite: Sqlite): Head {
  const baseSize = newestFrontierSizes(sqlite)[1] ?? 0;
  const tail = new LedgerTail(storedFrontier(sqlite, baseSize));
  const rows = sqlite.prepare("SELECT idx, leaf, leaf_hash, root FROM ledger_entries WHERE idx >= ? ORDER BY idx");
  for (const row of rows.iterate(baseSize) as Iterable<LedgerRow>) tail.add(row);
  assertNothingCutOff(sqlite, tail.size);
  return tail.finish();
}

/** The sizes of the newest two stored frontiers, larger first. */
function newestFrontierSizes(sqlite: Sqlite): number[] {
  const rows = sqlite.prepare("SELECT size FROM ledger_frontiers ORDER BY size DESC LIMIT 2").all();
  return (rows as { size: number }[]).map(({ size }) => size);
}

function storedFrontier(sqlite: Sqlite, size: number): Frontier {
  if (size === 0) return EMPTY_FRONTIER;
  const row = sqlite.prepare("SELECT subtrees FROM ledger_frontiers WHERE size = ?").get(size) as
    | { subtrees: Uint8Array }
    | undefined;
  const last = sqlite.prepare("SELECT root FROM ledger_entries WHERE idx = ?").get(size - 1) as
    | { root: Uint8Array }
    | undefined;
  if (row === undefined || last === undefined) throw new LedgerMismatchError(size - 1, "is missing");
  const frontier = decodeFrontier(size, row.subtrees);
  if (!rootOf(frontier).equals(last.root)) throw new LedgerMismatchError(size - 1, "has another root than the tree");
  return frontier;
}

/** The newest actions name their newest entries: a tail that was cut off leaves actions that name what is gone. */
function assertNothingCutOff(sqlite: Sqlite, size: number): void {
  const { newest } = sqlite
    .prepare(
      "SELECT coalesce(max(ledger_index), -1) AS newest FROM (SELECT ledger_index FROM actions ORDER BY id DESC LIMIT 1000)",
    )
    .get() as { newest: number };
  if (newest >= size) throw new LedgerMismatchError(size, `is missing: an action names entry ${newest}`);
}
