import { EMPTY_FRONTIER, placeLeaf, rootOf } from "@faramesh/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UNTOUCHED } from "../../src/store/sql/columns.js";
import { type ActionRow, type FirstRow, type Store, StoreUnavailableError } from "../../src/store/store.js";
import { policiesConformance } from "./policies-conformance.js";
import { readingConformance } from "./reading-conformance.js";
import { rulesConformance } from "./rules-conformance.js";
import { searchingConformance } from "./searching-conformance.js";
import { ACTOR, claim, newAction, newPolicy } from "./store-samples.js";
import { type StoreUnderTest, submitTo } from "./store-under-test.js";

/** Collects the promises of {@link Store} from any implementation. */
export function storeConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  policiesConformance(name, make);
  readingConformance(name, make);
  rulesConformance(name, make);
  searchingConformance(name, make);

  describe(`the ${name} store keeps what a store promises`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await make();
      store = await under.open();
    });
    afterEach(async () => {
      await store.close();
      await under.remove();
    });
    const submit = (fields: Partial<FirstRow> = {}): Promise<ActionRow> => submitTo(store, fields);

    it("gives back an action column for column, also after it was opened again", async () => {
      const given = newAction({ context: '{"a":1}', approvers: '["ann"]', rule_id: null });
      await store.submit(given);
      const kept = await store.action(given.row.id);
      expect(kept).toEqual({ ...given.row, ...UNTOUCHED, ledger_index: 0 });
      await store.close();
      store = await under.open();
      expect(await store.action(given.row.id)).toEqual(kept);
    });

    it("answers null for an action that is not there", async () => {
      expect(await store.action("nothing")).toBeNull();
    });

    it("records exactly one of 50 concurrent claims; the others are stale", async () => {
      const { id } = await submit();
      const claims = await Promise.all(Array.from({ length: 50 }, () => store.step(claim(id, 1))));
      expect(claims.filter(({ kind }) => kind === "recorded")).toHaveLength(1);
      expect(claims.filter(({ kind }) => kind === "stale")).toHaveLength(49);
      expect(await store.timeline(id)).toHaveLength(2);
    });

    it("records exactly one of 50 concurrent submits with one idempotency key; the others are replays of it", async () => {
      const key = { principalId: "k1", key: "same", fingerprint: "f" };
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.submit(newAction({}, key))));
      const ids = new Set(answers.map((answer) => ("action" in answer ? answer.action.id : answer.kind)));
      expect(answers.filter(({ kind }) => kind === "recorded")).toHaveLength(1);
      expect(ids.size).toBe(1);
      expect(await store.ledgerSize()).toBe(1);
    });

    it("keeps idempotency keys of different principals apart", async () => {
      const first = await store.submit(newAction({}, { principalId: "k1", key: "same", fingerprint: "f" }));
      const second = await store.submit(newAction({}, { principalId: "k2", key: "same", fingerprint: "f" }));
      expect([first.kind, second.kind]).toEqual(["recorded", "recorded"]);
    });

    it("refuses an idempotency key that stands for another request", async () => {
      await store.submit(newAction({}, { principalId: "k1", key: "same", fingerprint: "f" }));
      const other = await store.submit(newAction({}, { principalId: "k1", key: "same", fingerprint: "g" }));
      expect(other.kind).toBe("idempotency_conflict");
    });

    it("replays a step that was recorded under its idempotency key, and says so when asked beforehand", async () => {
      const { id } = await submit();
      const key = { principalId: "k1", key: "claim", fingerprint: "start" };
      expect(await store.known(key)).toBeNull();
      expect((await store.step(claim(id, 1, key))).kind).toBe("recorded");
      expect((await store.step(claim(id, 1, key))).kind).toBe("replayed");
      expect((await store.known(key))?.kind).toBe("replayed");
      expect((await store.action(id))?.version).toBe(2);
    });

    it("does not spend an idempotency key on a step that came too late", async () => {
      const { id } = await submit();
      await store.step(claim(id, 1));
      const key = { principalId: "k1", key: "late", fingerprint: "start" };
      expect((await store.step(claim(id, 1, key))).kind).toBe("stale");
      expect(await store.known(key)).toBeNull();
    });

    it("forgets idempotency keys that are old enough, and no others", async () => {
      const old = { principalId: "k1", key: "old", fingerprint: "f" };
      const recent = { principalId: "k1", key: "recent", fingerprint: "f" };
      await store.submit(newAction({ created_at_ms: 10, updated_at_ms: 10 }, old));
      await store.submit(newAction({ created_at_ms: 90, updated_at_ms: 90 }, recent));
      await store.forgetIdempotencyKeys(50);
      expect(await store.known(old)).toBeNull();
      expect((await store.known(recent))?.kind).toBe("replayed");
    });

    it("sets only what a step says and raises the version by one", async () => {
      const before = await submit();
      await store.step(claim(before.id, 1));
      expect(await store.action(before.id)).toEqual({
        ...before,
        status: "executing",
        claimed_by: '{"id":"k1"}',
        lease_expires_at_ms: 5_000,
        updated_at_ms: 2_000,
        version: 2,
        ledger_index: before.ledger_index + 1,
      });
    });

    it("gives the ledger gapless indexes and roots that anyone can recompute, whatever is written at once", async () => {
      const ids = (await Promise.all(Array.from({ length: 300 }, () => submit()))).map(({ id }) => id);
      await Promise.all(ids.flatMap((id) => [store.step(claim(id, 1)), store.step(claim(id, 1))]));
      const rows = await store.actionEntries(-1, 1_000, null);
      let frontier = EMPTY_FRONTIER;
      let rootBefore = rootOf(frontier);
      for (const [place, row] of rows.entries()) {
        const leaf = JSON.parse(row.leaf) as { index: number; previous_root: string };
        expect(leaf.index).toBe(frontier.size);
        expect(leaf.previous_root).toBe(rootBefore.toString("hex"));
        const placed = placeLeaf(frontier, row.leaf);
        expect(placed.leafHash.equals(row.leaf_hash)).toBe(true);
        frontier = placed.frontier;
        const next = rows[place + 1];
        if (next === undefined || !Buffer.from(next.root).equals(row.root)) {
          rootBefore = rootOf(frontier);
          expect(rootBefore.equals(row.root)).toBe(true);
        }
      }
      expect(frontier.size).toBe(600);
      expect(await store.ledgerSize()).toBe(600);
    });

    it("goes on with the ledger where it was, after it was opened again", async () => {
      for (let round = 0; round < 3; round++) {
        await Promise.all(Array.from({ length: 200 }, () => submit()));
        await store.close();
        store = await under.open();
      }
      expect(await store.ledgerSize()).toBe(600);
      expect((await submit()).ledger_index).toBe(600);
    });

    it("calls back with the entries of each commit, after they can be read", async () => {
      const seen: Promise<boolean>[] = [];
      store.onCommit((entries) => {
        for (const { action_id } of entries) seen.push(store.action(action_id ?? "").then((row) => row !== null));
      });
      await Promise.all([submit(), submit()]);
      expect(await Promise.all(seen)).toEqual([true, true]);
    });

    it("answers that it works, without a trace in the ledger", async () => {
      await submit();
      await store.probe();
      await store.probe();
      expect(await store.ledgerSize()).toBe(1);
    });

    it("commits what waits when it is closed, and refuses what comes while it closes", async () => {
      const waiting = newAction();
      const recorded = store.submit(waiting);
      const closing = store.close();
      await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
      await closing;
      expect((await recorded).kind).toBe("recorded");
      store = await under.open();
      expect((await store.action(waiting.row.id))?.id).toBe(waiting.row.id);
    });

    it("refuses to write once it is closed, and closes twice as once", async () => {
      await store.close();
      await store.close();
      await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
      await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
      await expect(store.agents()).rejects.toThrow(StoreUnavailableError);
      store = await under.open();
    });

    it("keeps agents stopped, keys and policies, each with a ledger entry of its own", async () => {
      const change = { kind: "x", atMs: 1, actor: ACTOR, body: {} };
      await store.putAgentStop({
        row: { agent_id: "a", disabled_at_ms: 7, disabled_by: "k1", reason: "why" },
        entry: change,
        decidedAt: null,
      });
      const key = {
        id: "k9",
        name: "n",
        role: "agent",
        agents: "[]",
        key_hash: "ab".repeat(32),
        created_at_ms: 1,
        created_by: "k1",
        last_used_at_ms: null,
        revoked_at_ms: null,
      } as const;
      await store.putApiKey({ row: key, entry: change, decidedAt: null });
      await store.putApiKey({ row: { ...key, revoked_at_ms: 3 }, entry: change, decidedAt: null });
      await store.touchApiKeys(new Map([["k9", 4]]));
      await store.putPolicy(newPolicy());
      await store.putPolicy(newPolicy({ version: 2, source: "t" }));
      await store.close();
      store = await under.open();
      expect(await store.agent("a")).toMatchObject({ disabled_at_ms: 7, reason: "why", actions: 0 });
      expect(await store.apiKey("k9")).toEqual({ ...key, revoked_at_ms: 3, last_used_at_ms: 4 });
      expect(await store.policy("p", null)).toMatchObject({ version: 2, source: "t" });
      expect(await store.activePolicies()).toMatchObject([{ policy_version: 2 }]);
      expect(await store.ledgerSize()).toBe(5);
    });

    it("undoes a write that fails, without taking its neighbours down", async () => {
      const good = newAction();
      const bad = newAction({ request_hash: "not a hash" });
      const outcomes = await Promise.allSettled([store.submit(good), store.submit(bad), store.submit(newAction())]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await store.action(bad.row.id)).toBeNull();
      expect(await store.ledgerSize()).toBe(2);
    });
  });
}
