import { sha256 } from "../sha256.js";

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = "\u0000";
const NODE_PREFIX = 0x01;

/**
 * The right edge of a Merkle tree: one hash for each full subtree, largest first (RFC 9162, 2.1; a "compact range").
 * It is all that is needed to append and to tell the root.
 */
export interface Frontier {
  /** Leaves in the tree. */
  readonly size: number;
  readonly subtrees: readonly Buffer[];
}

/** The frontier of the empty tree. */
export const EMPTY_FRONTIER: Frontier = { size: 0, subtrees: [] };

/** The hash of a leaf: SHA-256(0x00 ‖ leaf) (RFC 9162, 2.1.1). */
export function leafHash(leaf: string): Buffer {
  return sha256(LEAF_PREFIX + leaf);
}

const innerNode = new Uint8Array(1 + 2 * HASH_BYTES);
innerNode[0] = NODE_PREFIX;

/** The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 9162, 2.1.1). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  innerNode.set(left, 1);
  innerNode.set(right, 1 + HASH_BYTES);
  return sha256(innerNode);
}

/** The frontier after one more leaf. */
export function appendLeaf(frontier: Frontier, hash: Buffer): Frontier {
  const subtrees = frontier.subtrees.slice();
  let merged = hash;
  for (let size = frontier.size; size % 2 === 1; size = Math.floor(size / 2)) {
    const left = subtrees.pop();
    if (left === undefined) throw new Error("frontier holds fewer subtrees than its size says");
    merged = nodeHash(left, merged);
  }
  subtrees.push(merged);
  return { size: frontier.size + 1, subtrees };
}

/** The root of the tree (RFC 9162, 2.1.1); of the empty tree, SHA-256 of nothing. */
export function rootOf(frontier: Frontier): Buffer {
  const last = frontier.subtrees.at(-1);
  if (last === undefined) return sha256(Buffer.alloc(0));
  let root = last;
  for (let index = frontier.subtrees.length - 2; index >= 0; index--) {
    const left = frontier.subtrees[index];
    if (left !== undefined) root = nodeHash(left, root);
  }
  return root;
}

/** A frontier as bytes: its subtrees one after another. The size is kept beside it. */
export function encodeFrontier(frontier: Frontier): Buffer {
  return Buffer.concat(frontier.subtrees);
}

/**
 * Reads what {@link encodeFrontier} wrote.
 *
 * @throws Error when the bytes cannot be the frontier of a tree with `size` leaves.
 */
export function decodeFrontier(size: number, bytes: Uint8Array): Frontier {
  const subtrees: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += HASH_BYTES) {
    subtrees.push(Buffer.from(bytes.subarray(offset, offset + HASH_BYTES)));
  }
  const expected = size.toString(2).replaceAll("0", "").length;
  if (bytes.length % HASH_BYTES !== 0 || subtrees.length !== expected) {
    throw new Error(`a tree of ${size} leaves has ${expected} subtrees, not ${bytes.length / HASH_BYTES}`);
  }
  return { size, subtrees };
}
