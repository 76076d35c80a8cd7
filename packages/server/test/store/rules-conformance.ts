import { describe, expect, it } from "vitest";
import type { Committed, FirstRow, Store } from "../../src/store/store.js";
import { ACTOR, claim, newAction, newPolicy } from "./store-samples.js";
import { openForEach, type StoreUnderTest, submitTo } from "./store-under-test.js";

const entry = { kind: "agent.disabled", atMs: 1, actor: ACTOR, body: {} };
const stop = { agent_id: "agent", disabled_at_ms: 7, disabled_by: "k1", reason: null };

/** What every store promises of the rules that actions are decided by, and of telling what was committed. */
export function rulesConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} store takes only what was decided by the newest rules`, () => {
    let store: Store;
    openForEach(make, (opened) => {
      store = opened;
    });
    const decidedAt = (index: number, fields: Partial<FirstRow> = {}) => ({ ...newAction(fields), decidedAt: index });

    it("says how new they are: the index of the entry that last changed them, whatever else is recorded", async () => {
      expect(await store.rulesIndex()).toBe(-1);
      await submitTo(store);
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      await submitTo(store);
      expect(await store.rulesIndex()).toBe(1);
    });

    it("trap: an action that was decided before an agent was stopped is not recorded after it", async () => {
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      const late = decidedAt(-1);
      expect(await store.submit(late)).toEqual({ kind: "outdated" });
      expect(await store.action(late.row.id)).toBeNull();
      expect(await store.ledgerSize()).toBe(1);
      expect((await store.submit(decidedAt(0))).kind).toBe("recorded");
    });

    it("also when both wait for the same commit: what comes first in it counts for what comes behind", async () => {
      const before = store.submit(decidedAt(-1));
      const stopping = store.putAgentStop({ row: stop, entry, decidedAt: null });
      const behind = store.submit(decidedAt(-1));
      expect([(await before).kind, await stopping, (await behind).kind]).toEqual(["recorded", "changed", "outdated"]);
    });

    it("does not spend an idempotency key on what was outdated", async () => {
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      const key = { principalId: "k1", key: "again", fingerprint: "f" };
      expect((await store.submit({ ...newAction({}, key), decidedAt: -1 })).kind).toBe("outdated");
      expect((await store.submit({ ...newAction({}, key), decidedAt: 0 })).kind).toBe("recorded");
    });

    it("replays what was recorded under an idempotency key, whatever the rules are by now", async () => {
      const key = { principalId: "k1", key: "again", fingerprint: "f" };
      await store.submit({ ...newAction({}, key), decidedAt: -1 });
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      expect((await store.submit({ ...newAction({}, key), decidedAt: -1 })).kind).toBe("replayed");
    });

    it("takes no step that older rules let through, and any that no rule has a say in", async () => {
      const { id } = await submitTo(store);
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      expect(await store.step({ ...claim(id, 1), decidedAt: 0 })).toEqual({ kind: "outdated" });
      expect((await store.step({ ...claim(id, 1), decidedAt: 1 })).kind).toBe("recorded");
      expect((await store.step({ ...claim(id, 2), decidedAt: null })).kind).toBe("recorded");
    });

    it("trap: of two changes that were made from the same state, the second does not overwrite the first", async () => {
      const changes = [
        store.putPolicy({ ...newPolicy(), decidedAt: -1 }),
        store.putPolicy({ ...newPolicy({ hash: "other" }), decidedAt: -1 }),
      ];
      expect(await Promise.all(changes)).toEqual(["changed", "outdated"]);
      expect(await store.policy("p", null)).toMatchObject({ hash: "h" });
      expect(await store.ledgerSize()).toBe(1);
    });

    it("takes several changes of one thing in one commit, the last one counting, each with its entry", async () => {
      const changes = [1, 2, 3].map((disabled_at_ms) =>
        store.putAgentStop({ row: { ...stop, disabled_at_ms }, entry, decidedAt: null }),
      );
      expect(await Promise.all(changes)).toEqual(["changed", "changed", "changed"]);
      expect(await store.agent("agent")).toMatchObject({ disabled_at_ms: 3 });
      expect(await store.ledgerSize()).toBe(3);
    });

    it("tells of each commit what was appended, and about which action", async () => {
      const told: Committed[] = [];
      store.onCommit((entries) => told.push(...entries));
      const { id } = await submitTo(store);
      await store.putAgentStop({ row: stop, entry, decidedAt: null });
      await expect.poll(() => told.length).toBe(2);
      expect(told.map(({ idx, action_id }) => [idx, action_id])).toEqual([
        [0, id],
        [1, null],
      ]);
    });

    it("keeps what people write as they wrote it, U+0000 and U+0001 included", async () => {
      const text = "a\u0000b\u0001c\u00010\u0000";
      const { id } = await submitTo(store, { reason: text });
      await store.step({ ...claim(id, 1), set: { ...claim(id, 1).set, error: text, approval_note: text } });
      expect(await store.action(id)).toMatchObject({ reason: text, error: text, approval_note: text });
      await store.putAgentStop({ row: { ...stop, reason: text }, entry, decidedAt: null });
      expect(await store.agent("agent")).toMatchObject({ reason: text });
    });
  });
}
