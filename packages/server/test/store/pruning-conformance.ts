import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerMismatchError, type Store } from "../../src/store/store.js";
import {
  actionAt,
  BEFORE,
  claimAt,
  NEW,
  OLD,
  prune,
  pruneAway,
  type ReachableStore,
  recompute,
  stepAt,
  stored,
  submitAt,
  submitTogether,
} from "./pruning-samples.js";
import { ACTOR, claim, EVERYTHING, newPolicy } from "./store-samples.js";

const DAY_MS = 86_400_000;

/** What every store promises of pruning. */
export function pruningConformance(name: string, make: () => Promise<ReachableStore>): void {
  describe(`the ${name} store prunes`, () => {
    let under: ReachableStore;
    let store: Store;
    beforeEach(async () => {
      under = await make();
      store = await under.open();
    });
    afterEach(async () => {
      await store.close();
      await under.remove();
    });
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await under.open();
    };

    it("what nothing happened to since, with the beginning of the ledger, and keeps all the rest", async () => {
      for (let commit = 0; commit < 20; commit++) await submitTogether(store, 30, OLD);
      const recent = await submitAt(store, 5, NEW);
      const pruned = await pruneAway(store);
      expect(pruned).toMatchObject({ actions: 600, entries: 600, firstIndex: 600 });
      expect(await stored(under)).toEqual({
        actions: 5,
        found: 5,
        entries: 6,
        lowestEntry: 600,
        frontiersBelow: 0,
        prunings: 0,
      });
      expect((await store.actions(EVERYTHING)).rows.map(({ id }) => id)).toEqual(recent.map(({ id }) => id).reverse());
      expect(await store.firstIndex()).toBe(600);
      expect((await recompute(under)).before.equals(pruned.root)).toBe(true);
    });

    it("and is verified from where it begins: at once, after a restart, after more, after another pruning", async () => {
      await submitAt(store, 40, OLD);
      await submitTogether(store, 300, NEW);
      await pruneAway(store);
      await recompute(under);
      await reopen();
      await submitTogether(store, 300, NEW + DAY_MS);
      await reopen();
      await recompute(under);
      // With the entry that recorded the first pruning.
      expect(await pruneAway(store, NEW + DAY_MS / 2)).toMatchObject({ actions: 300, entries: 301, firstIndex: 341 });
      await submitAt(store, 3, NEW + 2 * DAY_MS);
      await reopen();
      expect((await recompute(under)).firstIndex).toBe(341);
      expect((await submitAt(store, 1, NEW + 2 * DAY_MS))[0]?.ledger_index).toBe(645);
    });

    it("to the beginning of a commit, so that the first entry which stays names the root before it", async () => {
      await submitAt(store, 7, OLD);
      const together = await Promise.all([
        store.submit(actionAt(OLD)),
        store.submit(actionAt(OLD)),
        store.submit(actionAt(NEW)),
      ]);
      expect(together.map(({ kind }) => kind)).toEqual(["recorded", "recorded", "recorded"]);
      expect(await pruneAway(store)).toMatchObject({ actions: 9, entries: 7, firstIndex: 7 });
      expect(await stored(under)).toMatchObject({ actions: 1, found: 1, entries: 4, lowestEntry: 7 });
      await reopen();
      await recompute(under);
    });

    it("the whole ledger where all of it is old: it begins with the entry that says so", async () => {
      await submitTogether(store, 300, OLD);
      expect(await pruneAway(store)).toMatchObject({ actions: 300, entries: 300, firstIndex: 300 });
      expect(await stored(under)).toMatchObject({ actions: 0, found: 0, entries: 1, lowestEntry: 300 });
      await reopen();
      const [entry] = await under.sql<{ leaf: string; action_id: string | null }>("SELECT * FROM ledger_entries");
      expect(JSON.parse(entry?.leaf ?? "")).toMatchObject({
        kind: "ledger.pruned",
        actor: ACTOR,
        body: { before: "2025-01-01T00:00:00.000Z", actions: 300, entries: 300, first_index: 300 },
      });
      expect(entry?.action_id).toBeNull();
    });

    it.each([
      ["waits for a person", { status: "pending_approval", approval_expires_at_ms: OLD } as const],
      ["is running", null],
    ])(
      "around an action that %s, however old: it stays, and the ledger from its first entry on",
      async (_what, held) => {
        await submitAt(store, 3, OLD);
        const [live] = await submitAt(store, 1, OLD, held ?? {});
        if (held === null) await claimAt(store, live?.id ?? "", OLD);
        await submitAt(store, 3, OLD);
        await submitAt(store, 1, NEW);
        expect(await pruneAway(store)).toMatchObject({ actions: 6, entries: 3, firstIndex: 3 });
        expect((await store.action(live?.id ?? ""))?.status).toBe(held === null ? "executing" : "pending_approval");
        expect(await store.timeline(live?.id ?? "")).toHaveLength(held === null ? 2 : 1);
        await reopen();
        await recompute(under);
      },
    );

    it("and keeps an old action that something happened to since, with all its entries", async () => {
      await submitAt(store, 2, OLD);
      const [late] = await submitAt(store, 1, OLD);
      await claimAt(store, late?.id ?? "", NEW);
      await stepAt(store, { ...claim(late?.id ?? "", 2), to: "succeeded", set: {} }, NEW);
      expect(await pruneAway(store)).toMatchObject({ actions: 2, entries: 2, firstIndex: 2 });
      expect(await store.timeline(late?.id ?? "")).toHaveLength(3);
    });

    it("entries that are about no action, too, unless they are younger; what they were about stays", async () => {
      const loadAt = async (version: number, atMs: number): Promise<void> => {
        await store.putPolicy(newPolicy({ version, created_at_ms: atMs }));
      };
      await loadAt(1, OLD);
      await loadAt(2, NEW);
      await submitAt(store, 1, OLD);
      expect(await pruneAway(store)).toMatchObject({ actions: 1, entries: 1, firstIndex: 1 });
      expect(await store.activePolicies()).toMatchObject([{ policy_id: "p", policy_version: 2, ledger_index: 1 }]);
      expect(await pruneAway(store, NEW + DAY_MS)).toMatchObject({ entries: 3, firstIndex: 4 });
      expect(await store.activePolicies()).toMatchObject([{ policy_id: "p", policy_version: 2, ledger_index: 1 }]);
      expect(await store.rulesIndex()).toBe(1);
    });

    it("nothing when it is only asked what it would prune, and tells the same as it then does", async () => {
      await submitTogether(store, 20, OLD);
      await submitAt(store, 2, NEW);
      const before = await stored(under);
      const asked = await store.prunable(BEFORE);
      expect(await stored(under)).toEqual(before);
      expect(await store.firstIndex()).toBe(0);
      const { actions, entries, firstIndex, root } = await pruneAway(store);
      expect({ actions, entries, firstIndex }).toEqual({ actions: 20, entries: 20, firstIndex: 20 });
      expect(asked).toMatchObject({ actions, entries, firstIndex });
      expect(Buffer.compare(asked.root, root)).toBe(0);
    });

    it("once: doing it again records and removes nothing, whether the rows are gone yet or not", async () => {
      await submitAt(store, 10, OLD);
      await submitAt(store, 1, NEW);
      const first = await prune(store);
      expect(await prune(store)).toMatchObject({ actions: 0, entries: 0, firstIndex: first.firstIndex });
      await store.removePruned(20_000);
      expect(await prune(store)).toMatchObject({ actions: 0, entries: 0, firstIndex: first.firstIndex });
      expect(await store.ledgerSize()).toBe(12);
      expect(await stored(under)).toMatchObject({ actions: 1, found: 1, entries: 2, prunings: 0 });
    });

    it("one at a time: of two that are begun at once one removes, the other finds nothing left", async () => {
      await submitAt(store, 30, OLD);
      await submitAt(store, 1, NEW);
      const both = await Promise.all([prune(store), prune(store)]);
      expect(both.map(({ entries }) => entries).sort((a, b) => a - b)).toEqual([0, 30]);
      expect(await store.ledgerSize()).toBe(32);
    });

    it("in two steps, so that a crash between them leaves what the next start verifies and goes on removing", async () => {
      await submitTogether(store, 700, OLD);
      await submitAt(store, 2, NEW);
      await prune(store);
      expect(await stored(under)).toMatchObject({
        actions: 702,
        found: 702,
        entries: 703,
        lowestEntry: 0,
        prunings: 1,
      });
      await reopen();
      await recompute(under);
      expect(await store.actionEntries(-1, 1_000, null)).toHaveLength(2);
      expect(await store.removePruned(20_000)).toBe(true);
      expect(await stored(under)).toEqual({
        actions: 2,
        found: 2,
        entries: 3,
        lowestEntry: 700,
        frontiersBelow: 0,
        prunings: 0,
      });
    });

    it("in parts, and says that there is more until there is none", async () => {
      await submitTogether(store, 1_200, OLD);
      await prune(store);
      expect(await store.removePruned(0)).toBe(false);
      expect(await stored(under)).toMatchObject({ actions: 1_200, entries: 1_201 });
      expect(await store.removePruned(20_000)).toBe(true);
      expect(await store.removePruned(20_000)).toBe(true);
      expect(await stored(under)).toMatchObject({ actions: 0, found: 0, entries: 1 });
    });

    it("while others write: nothing of theirs is lost, and the ledger has no gap", async () => {
      for (let commit = 0; commit < 10; commit++) await submitTogether(store, 100, OLD);
      let isPruned = false;
      const pruning = pruneAway(store).finally(() => {
        isPruned = true;
      });
      const recorded: string[] = [];
      while (!isPruned) recorded.push(...(await submitTogether(store, 5, NEW)).map(({ id }) => id));
      await pruning;
      for (const id of recorded) expect((await store.action(id))?.id).toBe(id);
      const { firstIndex } = await recompute(under);
      expect(firstIndex).toBe(1_000);
      expect(await store.ledgerSize()).toBe(1_001 + recorded.length);
      expect(await stored(under)).toMatchObject({ actions: recorded.length, entries: 1 + recorded.length });
      await reopen();
    });

    it("and the database itself refuses to remove an entry that was not pruned", async () => {
      await submitAt(store, 10, OLD);
      await submitAt(store, 3, NEW);
      await prune(store);
      await expect(under.sql("DELETE FROM ledger_entries WHERE idx = 10")).rejects.toThrow(/append-only/);
      await expect(under.sql("DELETE FROM ledger_entries")).rejects.toThrow(/append-only/);
      await expect(under.sql("UPDATE ledger_head SET first_index = 9")).rejects.toThrow(/append-only/);
      await under.sql("DELETE FROM ledger_entries WHERE idx = 9");
      await reopen();
    });

    it("trap: and what was touched behind the pruning is still found at the next start, naming the entry", async () => {
      await submitAt(store, 10, OLD);
      await submitAt(store, 20, NEW);
      await pruneAway(store);
      await store.close();
      await under.sql(under.unguard);
      await under.sql("UPDATE ledger_entries SET leaf = replace(leaf, 'allowed', 'denied') WHERE idx = 15");
      await expect(under.open()).rejects.toMatchObject({ name: "LedgerMismatchError", index: 15 });
      await under.sql("UPDATE ledger_entries SET leaf = replace(leaf, 'denied', 'allowed') WHERE idx = 15");
      await under.sql("DELETE FROM ledger_entries WHERE idx = 10");
      await expect(under.open()).rejects.toMatchObject({ name: "LedgerMismatchError", index: 10 });
      await under.sql("UPDATE ledger_head SET first_index = 11");
      await expect(under.open()).rejects.toMatchObject({ name: "LedgerMismatchError", index: 11 });
      store = await openAnother();
    });

    it("trap: and a ledger that was cut by somebody else, at an edge of the tree that is stored, does not open", async () => {
      for (let commit = 0; commit < 6; commit++) await submitTogether(store, 256, OLD);
      await store.close();
      const [edge] = await under.sql<{ size: number }>("SELECT size FROM ledger_frontiers ORDER BY size LIMIT 1");
      await under.sql(`UPDATE ledger_head SET first_index = ${edge?.size}`);
      await under.sql(`DELETE FROM ledger_entries WHERE idx < ${edge?.size}`);
      const missing = { name: "LedgerMismatchError", index: Number(edge?.size) - 1 };
      await expect(under.open()).rejects.toMatchObject(missing);
      await under.sql("INSERT INTO prunings (ledger_index, before_ms) VALUES (700, 0)");
      await expect(under.open()).rejects.toMatchObject(missing);
      store = await openAnother();
    });

    it("trap: nothing of a ledger that was touched: what is evidence stays, and is named", async () => {
      await submitAt(store, 10, OLD);
      await submitAt(store, 300, NEW);
      await under.sql(under.unguard);
      await under.sql("UPDATE ledger_entries SET leaf = replace(leaf, 'allowed', 'denied') WHERE idx = 4");
      await expect(store.prunable(BEFORE)).rejects.toMatchObject({ index: 4 });
      await expect(prune(store)).rejects.toThrow(LedgerMismatchError);
      expect(await stored(under)).toMatchObject({ actions: 310, found: 310, entries: 310, prunings: 0 });
      expect(await store.firstIndex()).toBe(0);
    });

    it("trap: nothing where another edge of the tree is stored than the one its entries lead to", async () => {
      for (let commit = 0; commit < 4; commit++) await submitTogether(store, 256, OLD);
      await submitAt(store, 1, NEW);
      const sizes = await under.sql<{ size: number }>("SELECT size FROM ledger_frontiers ORDER BY size");
      expect(sizes.map(({ size }) => Number(size))).toContain(1_024);
      await under.sql(
        "UPDATE ledger_frontiers SET subtrees = (SELECT leaf_hash FROM ledger_entries WHERE idx = 3) WHERE size = 1024",
      );
      await expect(prune(store)).rejects.toMatchObject({ name: "LedgerMismatchError", index: 1_024 });
      expect(await store.firstIndex()).toBe(0);
    });

    it("and where an idempotency key outlived its action it answers a conflict, and does nothing twice", async () => {
      const key = { principalId: "k1", key: "kept", fingerprint: "f" };
      await store.submit(actionAt(OLD, {}, key));
      expect((await store.known(key))?.kind).toBe("replayed");
      await pruneAway(store);
      expect(await store.known(key)).toEqual({ kind: "idempotency_conflict" });
      expect(await store.submit(actionAt(NEW, {}, key))).toEqual({ kind: "idempotency_conflict" });
      expect((await store.actions(EVERYTHING)).rows).toEqual([]);
    });

    it("and a step on an action that is gone is stale", async () => {
      const [gone] = await submitAt(store, 1, OLD);
      await pruneAway(store);
      expect(await store.step(claim(gone?.id ?? "", 1))).toEqual({ kind: "stale" });
    });

    it("and readers of the ledger go on where it begins, and agents stay counted", async () => {
      await submitAt(store, 10, OLD, { agent_id: "counted" });
      const recent = await submitAt(store, 2, NEW, { agent_id: "counted" });
      await pruneAway(store);
      const entries = await store.actionEntries(3, 100, null);
      expect(entries.map(({ action_id }) => action_id)).toEqual(recent.map(({ id }) => id));
      expect((await store.agent("counted"))?.actions).toBe(12);
    });

    it("without changing what actions are decided by: what was decided before it is recorded after it", async () => {
      await submitAt(store, 5, OLD);
      const decidedAt = await store.rulesIndex();
      await pruneAway(store);
      expect((await store.submit({ ...actionAt(NEW), decidedAt })).kind).toBe("recorded");
    });

    async function openAnother(): Promise<Store> {
      await under.remove();
      under = await make();
      return under.open();
    }
  });
}
