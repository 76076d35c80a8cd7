import { decodeFrontier, EMPTY_FRONTIER, type Frontier, placeLeaf, rootOf } from "@faramesh/core";
import { expect } from "vitest";
import type {
  ActionRow,
  ActionStep,
  FirstRow,
  IdempotencyClaim,
  LedgerRow,
  NewAction,
  Pruning,
  Store,
} from "../../src/store/store.js";
import { ACTOR, claim, newAction } from "./store-samples.js";
import type { StoreUnderTest } from "./store-under-test.js";

/** A store whose database can be reached beside it, as an operator or an intruder would reach it. */
export interface ReachableStore extends StoreUnderTest {
  sql<Row>(statement: string): Promise<Row[]>;
  /** What takes the guards off the ledger. */
  readonly unguard: string;
}

/** What is older than this goes. */
export const BEFORE = Date.UTC(2025, 0, 1);
export const OLD = Date.UTC(2024, 5, 1);
export const NEW = Date.UTC(2025, 1, 1);

/** An action that was submitted at a time. */
export function actionAt(
  atMs: number,
  fields: Partial<FirstRow> = {},
  idempotency: IdempotencyClaim | null = null,
): NewAction {
  const action = newAction({ created_at_ms: atMs, ...fields }, idempotency);
  return { ...action, entry: { ...action.entry, atMs } };
}

/** Submits actions one after the other, each in a commit of its own. */
export async function submitAt(store: Store, count: number, atMs: number, fields: Partial<FirstRow> = {}) {
  const rows: ActionRow[] = [];
  for (let n = 0; n < count; n++) rows.push(await recorded(store, actionAt(atMs, fields)));
  return rows;
}

/** Submits actions all at once, so that many come into one commit. */
export function submitTogether(store: Store, count: number, atMs: number): Promise<ActionRow[]> {
  return Promise.all(Array.from({ length: count }, () => recorded(store, actionAt(atMs))));
}

async function recorded(store: Store, action: NewAction): Promise<ActionRow> {
  const outcome = await store.submit(action);
  if (outcome.kind !== "recorded") throw new Error(outcome.kind);
  return outcome.action;
}

/** Claims an action that is in its first version. */
export function claimAt(store: Store, id: string, atMs: number): Promise<unknown> {
  return stepAt(store, claim(id, 1), atMs);
}

/** Takes a step at a time. */
export async function stepAt(store: Store, step: ActionStep, atMs: number): Promise<void> {
  const entry = { ...step.entry, kind: `action.${step.to}`, atMs };
  expect((await store.step({ ...step, atMs, entry })).kind).toBe("recorded");
}

/** Prunes as an admin would. */
export function prune(store: Store, beforeMs = BEFORE): Promise<Pruning> {
  return store.prune({ beforeMs, actor: ACTOR, atMs: NEW });
}

/** Prunes, and removes all of it. */
export async function pruneAway(store: Store, beforeMs = BEFORE): Promise<Pruning> {
  const pruned = await prune(store, beforeMs);
  expect(await store.removePruned(20_000)).toBe(true);
  return pruned;
}

/** What the database holds. */
export interface Stored {
  readonly actions: number;
  /** Actions in the index that they are found in. */
  readonly found: number;
  readonly entries: number;
  readonly lowestEntry: number;
  readonly frontiersBelow: number;
  readonly prunings: number;
}

export async function stored(under: ReachableStore): Promise<Stored> {
  const [row] = await under.sql<Stored>(`
    SELECT (SELECT count(*) FROM actions) AS "actions",
           (SELECT count(*) FROM action_terms) AS "found",
           (SELECT count(*) FROM ledger_entries) AS "entries",
           (SELECT min(idx) FROM ledger_entries) AS "lowestEntry",
           (SELECT count(*) FROM ledger_frontiers WHERE size < (SELECT first_index FROM ledger_head)) AS "frontiersBelow",
           (SELECT count(*) FROM prunings WHERE has_ended = 0) AS "prunings"`);
  if (row === undefined) throw new Error("the database says nothing");
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as Stored;
}

/**
 * Recomputes the stored ledger from the frontier that pruning left, as anybody with the database could.
 *
 * @returns Where it begins, and its root before that and now.
 */
export async function recompute(under: ReachableStore): Promise<{ firstIndex: number; before: Buffer; now: Buffer }> {
  const [head] = await under.sql<{ first_index: number }>("SELECT first_index FROM ledger_head");
  const firstIndex = Number(head?.first_index);
  let frontier = await frontierAt(under, firstIndex);
  const before = rootOf(frontier);
  let committed = before;
  const rows = await under.sql<LedgerRow>(`SELECT * FROM ledger_entries WHERE idx >= ${firstIndex} ORDER BY idx`);
  for (const [place, row] of rows.entries()) {
    const leaf = JSON.parse(row.leaf) as { index: number; previous_root: string };
    expect([Number(row.idx), leaf.index]).toEqual([frontier.size, frontier.size]);
    expect(leaf.previous_root).toBe(committed.toString("hex"));
    const placed = placeLeaf(frontier, row.leaf);
    expect(placed.leafHash.equals(row.leaf_hash)).toBe(true);
    frontier = placed.frontier;
    const next = rows[place + 1];
    if (next !== undefined && Buffer.from(next.root).equals(row.root)) continue;
    committed = rootOf(frontier);
    expect(committed.equals(row.root)).toBe(true);
  }
  return { firstIndex, before, now: committed };
}

async function frontierAt(under: ReachableStore, size: number): Promise<Frontier> {
  if (size === 0) return EMPTY_FRONTIER;
  const [row] = await under.sql<{ subtrees: Uint8Array }>(`SELECT subtrees FROM ledger_frontiers WHERE size = ${size}`);
  if (row === undefined) throw new Error(`no frontier is stored at ${size}`);
  return decodeFrontier(size, row.subtrees);
}
