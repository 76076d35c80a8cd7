import { type Actor, canonicalJson, type JsonObject, timeText } from "@faramesh/protocol";
import { appendLeaf, type Frontier, leafHash } from "./merkle.js";

/** What happened, before the ledger gives it a place. */
export interface EntryDraft {
  /** `action.<status>`, `permit.consumed`, `key.created`, `agent.disabled`, `policy.activated`, … */
  kind: string;
  /** Milliseconds since the epoch. */
  atMs: number;
  actor: Actor;
  /** Everything that is to be provable about it; large payloads by hash. */
  body: JsonObject;
}

/** An entry in its place: the canonical leaf, its hash, and the right edge of the tree after it. */
export interface SealedEntry {
  readonly index: number;
  readonly leaf: string;
  readonly leafHash: Buffer;
  readonly frontier: Frontier;
}

/** The tree an entry is appended to, and the root that the last commit left. */
export interface LedgerHead {
  readonly frontier: Frontier;
  /** Of the whole tree as last committed; entries of one commit share it. */
  readonly committedRoot: Buffer;
}

/** Bytes a leaf may have, so that it fits a tlog-tiles entry bundle (C2SP tlog-tiles). */
const LEAF_BYTES_MAX = 65_535;

/**
 * Gives a draft the next place in the ledger. The leaf is the canonical JSON (RFC 8785) of the whole entry, its index
 * and the root before its commit included, so a removed, changed or reordered entry shows at once.
 *
 * @throws Error when the leaf would be over 65,535 bytes: a payload was put in that belongs in by hash.
 */
export function sealEntry(head: LedgerHead, draft: EntryDraft): SealedEntry {
  const index = head.frontier.size;
  // In the order that canonical form gives them, which saves sorting.
  const leaf = canonicalJson({
    actor: draft.actor,
    at: timeText(draft.atMs),
    body: draft.body,
    index,
    kind: draft.kind,
    previous_root: head.committedRoot.toString("hex"),
  });
  if (Buffer.byteLength(leaf, "utf8") > LEAF_BYTES_MAX)
    throw new Error(`entry ${index} is over ${LEAF_BYTES_MAX} bytes`);
  return placeLeaf(head.frontier, leaf);
}

/** Hashes a leaf that already has its text into the tree: how a stored ledger is checked again. */
export function placeLeaf(frontier: Frontier, leaf: string): SealedEntry {
  const hash = leafHash(leaf);
  const next = appendLeaf(frontier, hash);
  return { index: frontier.size, leaf, leafHash: hash, frontier: next };
}
