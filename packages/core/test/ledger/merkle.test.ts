import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendLeaf,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  leafHash,
  rootOf,
} from "../../src/ledger/merkle.js";

/** The leaves that Certificate Transparency's own implementations are tested with, and the root after each. */
const LEAVES = ["", "\u0000", "\u0010", " !", "01", "@ABC", "PQRSTUVW", "`abcdefghijklmno"];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("the Merkle tree (RFC 9162, 2.1)", () => {
  it("has the roots that Certificate Transparency's reference leaves have", () => {
    let frontier = EMPTY_FRONTIER;
    const roots = LEAVES.map((leaf) => {
      frontier = appendLeaf(frontier, leafHash(leaf));
      return rootOf(frontier).toString("hex");
    });
    expect(roots).toEqual(ROOTS);
  });

  it("is, when empty, the SHA-256 of nothing", () => {
    expect(rootOf(EMPTY_FRONTIER).toString("hex")).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it("hashes a leaf as the bytes of its UTF-8 text behind a zero byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (leaf) => {
        const expected = createHash("sha256").update(Buffer.of(0)).update(Buffer.from(leaf, "utf8")).digest();
        expect(leafHash(leaf).equals(expected)).toBe(true);
      }),
    );
  });

  it("goes on from a stored frontier as from the tree itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (size) => {
        let frontier = EMPTY_FRONTIER;
        for (let leaf = 0; leaf < size; leaf++) frontier = appendLeaf(frontier, leafHash(String(leaf)));
        const read = decodeFrontier(size, encodeFrontier(frontier));
        const next = leafHash("next");
        expect(rootOf(appendLeaf(read, next)).equals(rootOf(appendLeaf(frontier, next)))).toBe(true);
      }),
    );
  });

  it("refuses a frontier of another size", () => {
    expect(() => decodeFrontier(3, Buffer.alloc(32))).toThrow("a tree of 3 leaves has 2 subtrees, not 1");
  });
});
