import { expect, it } from "vitest";
import { toldOnce } from "../../src/store/sql/told-once.js";
import type { Committed } from "../../src/store/store.js";

it("an entry that two tell of is told once, and one that comes late is told all the same", () => {
  const told: number[][] = [];
  const tell = toldOnce((entries) => told.push(entries.map(({ idx }) => idx)));
  const entries = (...indexes: number[]): Committed[] => indexes.map((idx) => ({ idx, action_id: null }));
  tell(entries(3, 4));
  tell(entries(0, 1, 2, 3));
  tell(entries(4));
  for (let idx = 5; idx < 30_000; idx++) tell(entries(idx));
  tell(entries(29_998, 29_999, 30_000));
  expect(told.slice(0, 2)).toEqual([
    [3, 4],
    [0, 1, 2],
  ]);
  expect(told.slice(-1)).toEqual([[30_000]]);
  expect(told.flat()).toHaveLength(30_001);
});
