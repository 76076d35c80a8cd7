import { type Frontier, placeLeaf, rootOf } from "@faramesh/core";
import { LedgerMismatchError, type LedgerRow } from "./store.js";

/** What of a stored entry is checked. */
type Stored = Pick<LedgerRow, "idx" | "leaf" | "leaf_hash" | "root">;

/**
 * Recomputes a stored stretch of the ledger, entry by entry, from a tree that is known to be right. The entries of one
 * commit share the root before it and the root after it, so roots are told where commits meet.
 */
export class LedgerTail {
  #frontier: Frontier;
  #frontierBefore: Frontier;
  #rootBefore: Buffer;
  #last: Stored | null = null;

  /** @param frontier - The tree before the first entry. */
  constructor(frontier: Frontier) {
    this.#frontier = frontier;
    this.#frontierBefore = frontier;
    this.#rootBefore = rootOf(frontier);
  }

  /** Entries in the tree so far. */
  get size(): number {
    return this.#frontier.size;
  }

  /** The tree before the commit that the newest entry came with; its root is the one that was stored. */
  get beforeCommit(): { frontier: Frontier; root: Buffer } {
    return { frontier: this.#frontierBefore, root: this.#rootBefore };
  }

  /**
   * @returns When the entry says that it was, in milliseconds; NaN where it says nothing.
   * @throws LedgerMismatchError naming the first entry that is not what its hashes say.
   */
  add(row: Stored): number {
    const placed = placeLeaf(this.#frontier, row.leaf);
    if (row.idx !== placed.index) {
      throw new LedgerMismatchError(placed.index, `is missing; entry ${row.idx} stands in its place`);
    }
    if (!placed.leafHash.equals(row.leaf_hash)) {
      throw new LedgerMismatchError(row.idx, "has another hash than its text");
    }
    const entry = readEntry(row);
    if (entry.previous_root !== this.#rootBefore.toString("hex")) this.#beginCommit(row.idx, entry.previous_root);
    if (this.#last !== null && !Buffer.from(this.#last.root).equals(row.root)) {
      throw new LedgerMismatchError(row.idx, "has another root than its commit");
    }
    this.#frontier = placed.frontier;
    this.#last = row;
    return Date.parse(String(entry.at));
  }

  /**
   * The tree that the entries make.
   *
   * @throws LedgerMismatchError when its root is not the stored one.
   */
  finish(): { frontier: Frontier; root: Buffer } {
    return { frontier: this.#frontier, root: this.#endCommit() };
  }

  #beginCommit(index: number, previousRoot: unknown): void {
    this.#rootBefore = this.#endCommit();
    this.#frontierBefore = this.#frontier;
    if (previousRoot !== this.#rootBefore.toString("hex")) {
      throw new LedgerMismatchError(index, "names another root before it");
    }
    this.#last = null;
  }

  #endCommit(): Buffer {
    if (this.#last === null) return this.#rootBefore;
    const root = rootOf(this.#frontier);
    if (!root.equals(this.#last.root)) {
      throw new LedgerMismatchError(this.#last.idx, "has another root than the tree");
    }
    return root;
  }
}

/** @throws LedgerMismatchError where the text is not that of this entry. */
function readEntry({ idx, leaf }: Stored): { at?: unknown; previous_root?: unknown } {
  let entry: { index?: unknown; at?: unknown; previous_root?: unknown } | null;
  try {
    entry = JSON.parse(leaf) as typeof entry;
  } catch {
    throw new LedgerMismatchError(idx, "has a text that is not JSON");
  }
  if (entry?.index !== idx) throw new LedgerMismatchError(idx, "has the text of another entry");
  return entry;
}
