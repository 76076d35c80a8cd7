import { decodeFrontier, type EntryDraft, encodeFrontier, type Frontier, rootOf, sealEntry } from "@faramesh/core";
import type { LedgerRow } from "../store.js";
import type { HeadRow } from "./database.js";
import type { Prunable } from "./find-prunable.js";

/** A frontier is stored with the first commit that ends so many leaves after the last one. */
const FRONTIER_EVERY = 256;

/** A tree as committed, with its head as stored. */
export interface LedgerHead {
  readonly row: HeadRow;
  readonly frontier: Frontier;
  readonly root: Buffer;
}

/** Reads a stored head; `known` saves the work where it is still the same tree. */
export function readHead(row: HeadRow, known: LedgerHead | null): LedgerHead {
  if (known !== null && known.row.size === row.size && Buffer.compare(known.row.subtrees, row.subtrees) === 0) {
    return { ...known, row };
  }
  const frontier = decodeFrontier(row.size, row.subtrees);
  return { row, frontier, root: rootOf(frontier) };
}

/** The entries of one transaction, appended to a head. */
export class LedgerDraft {
  readonly #head: LedgerHead;
  #frontier: Frontier;
  #rulesIndex: number;
  #firstIndex: number;
  readonly #prunedFrontiers: { size: number; subtrees: Uint8Array }[] = [];
  readonly #appended: Omit<LedgerRow, "root">[] = [];

  constructor(head: LedgerHead) {
    this.#head = head;
    this.#frontier = head.frontier;
    this.#rulesIndex = head.row.rules_index;
    this.#firstIndex = head.row.first_index;
  }

  /** The index that the next entry gets. */
  get nextIndex(): number {
    return this.#frontier.size;
  }

  /** The newest entry that changed what actions are decided by. */
  get rulesIndex(): number {
    return this.#rulesIndex;
  }

  /** The oldest entry that was not pruned. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** @param actionId - The action that the entry is about; null for one that changes what actions are decided by. */
  append(entry: EntryDraft, actionId: string | null): void {
    this.#seal(entry, actionId);
    if (actionId === null) this.#rulesIndex = this.#frontier.size - 1;
  }

  /** Makes the ledger begin behind a frontier, which is kept unless it is already, and appends the entry that says so. */
  prune({ frontier, isFrontierStored }: Prunable, entry: EntryDraft): void {
    this.#firstIndex = frontier.size;
    if (!isFrontierStored) {
      this.#prunedFrontiers.push({ size: frontier.size, subtrees: encodeFrontier(frontier) });
    }
    this.#seal(entry, null);
  }

  /** What was appended, with the root that all of it leads to, and the head that it leaves. */
  finish(): { head: LedgerHead; entries: LedgerRow[]; frontiers: { size: number; subtrees: Uint8Array }[] } {
    if (this.#appended.length === 0) return { head: this.#head, entries: [], frontiers: [] };
    const frontier = this.#frontier;
    const root = rootOf(frontier);
    const subtrees = encodeFrontier(frontier);
    const isFrontierDue = frontier.size - this.#head.row.frontier_size >= FRONTIER_EVERY;
    const row: HeadRow = {
      size: frontier.size,
      subtrees,
      rules_index: this.#rulesIndex,
      frontier_size: isFrontierDue ? frontier.size : this.#head.row.frontier_size,
      first_index: this.#firstIndex,
    };
    return {
      head: { row, frontier, root },
      entries: this.#appended.map((entry) => Object.assign(entry, { root })),
      frontiers: [...this.#prunedFrontiers, ...(isFrontierDue ? [{ size: frontier.size, subtrees }] : [])],
    };
  }

  #seal(entry: EntryDraft, actionId: string | null): void {
    const committed = { frontier: this.#frontier, committedRoot: this.#head.root };
    const { index, leaf, leafHash, frontier } = sealEntry(committed, entry);
    this.#frontier = frontier;
    this.#appended.push({ idx: index, leaf, leaf_hash: leafHash, action_id: actionId });
  }
}
