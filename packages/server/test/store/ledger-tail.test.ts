import {
  EMPTY_FRONTIER,
  type Frontier,
  leafHash,
  placeLeaf,
  rootOf,
  type SealedEntry,
  sealEntry,
} from "@faramesh/core";
import { describe, expect, it } from "vitest";
import { LedgerTail } from "../../src/store/ledger-tail.js";
import { LedgerMismatchError } from "../../src/store/store.js";
import { ACTOR } from "./store-samples.js";

interface Row {
  idx: number;
  leaf: string;
  leaf_hash: Buffer;
  root: Buffer;
}

/** A stored ledger: commits of one, three and two entries. */
function ledger(): Row[] {
  const rows: Row[] = [];
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const count of [1, 3, 2]) {
    const committedRoot = rootOf(frontier);
    const commit = Array.from({ length: count }, (): SealedEntry => {
      const draft = { kind: "action.allowed", atMs: 1_000, actor: ACTOR, body: { n: frontier.size } };
      const sealed = sealEntry({ frontier, committedRoot }, draft);
      frontier = sealed.frontier;
      return sealed;
    });
    const root = rootOf(frontier);
    rows.push(...commit.map(({ index, leaf, leafHash: hash }) => ({ idx: index, leaf, leaf_hash: hash, root })));
  }
  return rows;
}

/** Changes one stored entry and says what is found. */
function foundAfter(index: number, change: Partial<Row>): unknown {
  const rows = ledger();
  rows[index] = { ...(rows[index] as Row), ...change };
  const tail = new LedgerTail(EMPTY_FRONTIER);
  try {
    for (const row of rows) tail.add(row);
    tail.finish();
  } catch (error) {
    return error;
  }
  return null;
}

function leafOf(index: number): string {
  return (ledger()[index] as Row).leaf;
}

describe("a stored stretch of the ledger", () => {
  it("that nobody touched is the tree that its entries make", () => {
    const tail = new LedgerTail(EMPTY_FRONTIER);
    for (const row of ledger()) tail.add(row);
    expect(tail.finish().root).toEqual(ledger().at(-1)?.root);
  });

  it.each<[string, Partial<Row>, RegExp]>([
    ["another text", { leaf: leafOf(2).replace('"n":2', '"n":0') }, /entry 2: .*another hash/],
    ["another hash", { leaf_hash: Buffer.alloc(32, 7) }, /entry 2: .*another hash/],
    ["another root", { root: Buffer.alloc(32, 7) }, /entry 2: .*another root/],
    ["another index", { idx: 9 }, /entry 2: .*missing/],
    ["a text that is not JSON", { leaf: "nonsense" }, /entry 2: .*another hash/],
  ])("is found to have %s, naming the entry", (_what, change, message) => {
    const found = foundAfter(2, change);
    expect(found).toBeInstanceOf(LedgerMismatchError);
    expect((found as Error).message).toMatch(message);
  });

  it.each([
    ["not JSON", "nonsense"],
    ["no entry", "null"],
    ["another entry", placeLeaf(EMPTY_FRONTIER, leafOf(3)).leaf],
  ])("is found to hold a text that is %s, whose hash was made to fit", (_what, leaf) => {
    const found = foundAfter(2, { leaf, leaf_hash: leafHash(leaf) });
    expect(found).toBeInstanceOf(LedgerMismatchError);
    expect((found as Error).message).toMatch(/entry 2: /);
  });
});
