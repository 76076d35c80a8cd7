import type { EntryDraft } from "@faramesh/core";
import { timeText } from "@faramesh/protocol";
import type { PruneRequest, Pruning } from "../store.js";

const KIND = "ledger.pruned";

/** The entry that records a pruning. */
export function prunedEntry({ beforeMs, atMs, actor }: PruneRequest, pruning: Pruning): EntryDraft {
  const body = {
    actions: pruning.actions,
    before: timeText(beforeMs),
    entries: pruning.entries,
    first_index: pruning.firstIndex,
    root: Buffer.from(pruning.root).toString("hex"),
  };
  return { kind: KIND, atMs, actor, body };
}

/** Whether an entry says that the ledger was pruned up to an index. */
export function saysPruned(leaf: string, firstIndex: number): boolean {
  try {
    const { kind, body } = JSON.parse(leaf) as { kind?: unknown; body: { first_index?: unknown } };
    return kind === KIND && body.first_index === firstIndex;
  } catch {
    return false;
  }
}
