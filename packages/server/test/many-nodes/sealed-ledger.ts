import { EMPTY_FRONTIER, type EntryDraft, rootOf, sealEntry } from "@faramesh/core";
import type { LedgerRow } from "../../src/store/store.js";

/** The ledger that drafts make, so many in a commit. */
export function sealedLedger(drafts: readonly EntryDraft[], perCommit = 1): LedgerRow[] {
  const rows: LedgerRow[] = [];
  let frontier = EMPTY_FRONTIER;
  for (let from = 0; from < drafts.length; from += perCommit) {
    const committedRoot = rootOf(frontier);
    const sealed = drafts.slice(from, from + perCommit).map((draft) => {
      const entry = sealEntry({ frontier, committedRoot }, draft);
      frontier = entry.frontier;
      return { idx: entry.index, leaf: entry.leaf, leaf_hash: entry.leafHash, action_id: actionIdOf(draft) };
    });
    rows.push(...sealed.map((row) => ({ ...row, root: rootOf(frontier) })));
  }
  return rows;
}

function actionIdOf({ body }: EntryDraft): string | null {
  return typeof body["action_id"] === "string" ? body["action_id"] : null;
}

/** The draft that a ledger row was made from. */
export function draftOf({ leaf }: Pick<LedgerRow, "leaf">): EntryDraft {
  const { kind, at, actor, body } = JSON.parse(leaf) as Omit<EntryDraft, "atMs"> & { at: string };
  return { kind, atMs: Date.parse(at), actor, body };
}
