import {
  decodeFrontier,
  EMPTY_FRONTIER,
  type EntryDraft,
  encodeFrontier,
  type Frontier,
  type LedgerHead,
  placeLeaf,
  rootOf,
  sealEntry,
} from "@faramesh/core";
import { LedgerMismatchError, type LedgerRow } from "../store.js";
import type { Sqlite, Statement } from "./database.js";

/** Leaves between two stored frontiers. */
const FRONTIER_EVERY = 256;

const STORED_SIZE = "SELECT coalesce(max(idx) + 1, 0) AS size FROM ledger_entries";

/** The ledger's table: appends inside the caller's transaction and keeps the head of the tree in memory. */
export class LedgerTable {
  readonly #storedSize: Statement;
  readonly #insert: Statement;
  readonly #insertFrontier: Statement;
  #head: LedgerHead;
  #committedHead: LedgerHead;
  #appended: LedgerRow[] = [];

  /** @throws LedgerMismatchError when the stored tail is not what its hashes say. */
  constructor(sqlite: Sqlite) {
    this.#storedSize = sqlite.prepare(STORED_SIZE);
    this.#insert = sqlite.prepare(
      "INSERT INTO ledger_entries (idx, leaf, leaf_hash, root, action_id) VALUES (?, ?, ?, ?, ?)",
    );
    this.#insertFrontier = sqlite.prepare("INSERT INTO ledger_frontiers (size, subtrees) VALUES (?, ?)");
    this.#head = verifiedHead(sqlite);
    this.#committedHead = this.#head;
  }

  /**
   * Compares where the stored ledger ends with where the last commit left it. For outside a transaction.
   *
   * @throws LedgerMismatchError when another process has written to it, or cut it off.
   */
  assertUnmoved(): void {
    const { size: stored } = this.#storedSize.get() as { size: number };
    const { size } = this.#committedHead.frontier;
    if (stored !== size)
      throw new LedgerMismatchError(Math.min(stored, size), `the store holds ${stored} entries, not ${size}`);
  }

  /** The index the next entry gets. */
  get nextIndex(): number {
    return this.#head.frontier.size;
  }

  append(draft: EntryDraft, actionId: string | null): void {
    const sealed = sealEntry(this.#head, draft);
    this.#insert.run(sealed.index, sealed.leaf, sealed.leafHash, sealed.root, actionId);
    if (sealed.frontier.size % FRONTIER_EVERY === 0) {
      this.#insertFrontier.run(sealed.frontier.size, encodeFrontier(sealed.frontier));
    }
    this.#head = { frontier: sealed.frontier, root: sealed.root };
    this.#appended.push({
      idx: sealed.index,
      leaf: sealed.leaf,
      leaf_hash: sealed.leafHash,
      root: sealed.root,
      action_id: actionId,
    });
  }

  /** The transaction is durable: answers the entries it appended. */
  committed(): readonly LedgerRow[] {
    const entries = this.#appended;
    this.#appended = [];
    this.#committedHead = this.#head;
    return entries;
  }

  /** The transaction is undone. */
  undone(): void {
    this.#appended = [];
    this.#head = this.#committedHead;
  }
}

/** Recomputes the tail of the stored tree, leaf by leaf, from the last frontier but one. */
function verifiedHead(sqlite: Sqlite): LedgerHead {
  const { size } = sqlite.prepare(STORED_SIZE).get() as { size: number };
  const baseSize = Math.max(0, (Math.floor(size / FRONTIER_EVERY) - 1) * FRONTIER_EVERY);
  let frontier = storedFrontier(sqlite, baseSize);
  let root = rootOf(frontier);
  const tail = sqlite.prepare("SELECT idx, leaf, leaf_hash, root FROM ledger_entries WHERE idx >= ? ORDER BY idx");
  for (const row of tail.iterate(baseSize) as Iterable<LedgerRow>) {
    const placed = placeLeaf(frontier, row.leaf);
    const entry = JSON.parse(row.leaf) as { index: unknown; previous_root: unknown };
    if (row.idx !== placed.index || entry.index !== placed.index) {
      throw new LedgerMismatchError(placed.index, `is missing; entry ${row.idx} stands in its place`);
    }
    if (entry.previous_root !== root.toString("hex"))
      throw new LedgerMismatchError(row.idx, "names another root before it");
    if (!placed.leafHash.equals(row.leaf_hash))
      throw new LedgerMismatchError(row.idx, "has another hash than its text");
    if (!placed.root.equals(row.root)) throw new LedgerMismatchError(row.idx, "has another root than the tree");
    frontier = placed.frontier;
    root = placed.root;
  }
  assertNothingCutOff(sqlite, frontier.size);
  return { frontier, root };
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
