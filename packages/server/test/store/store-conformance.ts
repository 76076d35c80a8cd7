import { EMPTY_FRONTIER, placeLeaf, rootOf } from "@faramesh/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ActionFilter, type ActionRow, type Store, StoreUnavailableError } from "../../src/store/store.js";
import { ACTOR, claim, EVERYTHING, newAction } from "./store-samples.js";

/** A store under test: opened on nothing, and openable again on what it kept. */
export interface StoreUnderTest {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** Collects the promises of {@link Store} from any implementation. */
export function storeConformance(name: string, make: () => Promise<StoreUnderTest>): void {
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
    const list = async (filter: Partial<ActionFilter>): Promise<string[]> =>
      (await store.actions({ ...EVERYTHING, ...filter })).rows.map((row) => row.id);
    const submit = async (fields: Partial<ActionRow> = {}): Promise<ActionRow> => {
      const recorded = await store.submit(newAction(fields));
      if (recorded.kind !== "recorded") throw new Error(recorded.kind);
      return recorded.action;
    };

    it("gives back an action column for column, also after it was opened again", async () => {
      const given = newAction({ context: '{"a":1}', approvers: '["ann"]', rule_id: null });
      await store.submit(given);
      const kept = await store.action(given.row.id);
      expect(kept).toEqual({ ...given.row, ledger_index: kept?.ledger_index });
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
      let frontier = EMPTY_FRONTIER;
      for (const row of await store.actionEntries(-1, 1_000, null)) {
        const leaf = JSON.parse(row.leaf) as { index: number; previous_root: string };
        expect(leaf.index).toBe(frontier.size);
        expect(leaf.previous_root).toBe(rootOf(frontier).toString("hex"));
        const placed = placeLeaf(frontier, row.leaf);
        expect(placed.root.equals(row.root)).toBe(true);
        expect(placed.leafHash.equals(row.leaf_hash)).toBe(true);
        frontier = placed.frontier;
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

    it("lists newest first, by any field, by text, by time and by place", async () => {
      const a = await submit({ tool: "http", agent_id: "one", created_at_ms: 100 });
      const b = await submit({ tool: "stripe", params: '{"note":"100%_sure"}', created_at_ms: 200 });
      const c = await submit({ tool: "shell", risk_level: "high", created_at_ms: 300 });
      expect(await list({})).toEqual([c.id, b.id, a.id]);
      expect(await list({ tool: ["http", "shell"] })).toEqual([c.id, a.id]);
      expect(await list({ agentId: ["one"] })).toEqual([a.id]);
      expect(await list({ riskLevel: ["high"] })).toEqual([c.id]);
      expect(await list({ text: "100%_s" })).toEqual([b.id]);
      expect(await list({ text: "100%%s" })).toEqual([]);
      expect(await list({ text: "STRIPE" })).toEqual([b.id]);
      expect(await list({ sinceMs: 200 })).toEqual([c.id, b.id]);
      expect(await list({ untilMs: 200 })).toEqual([a.id]);
      expect(await list({ beforeId: c.id, limit: 1 })).toEqual([b.id]);
      expect(await list({ limit: 1, offset: 2 })).toEqual([a.id]);
      expect(await list({ status: ["denied"] })).toEqual([]);
    });

    it("shows a bounded principal its own submissions and the agents it is bound to, and nothing else", async () => {
      const own = await submit({ submitted_by: "k7", agent_id: "other" });
      const bound = await submit({ submitted_by: "k8", agent_id: "team-a" });
      await submit({ submitted_by: "k8", agent_id: "steam-a" });
      await submit({ submitted_by: "k8", agent_id: "t" });
      expect(await list({ visibleTo: { principalId: "k7", agentIds: ["team-*"] } })).toEqual([bound.id, own.id]);
      expect(await list({ visibleTo: { principalId: "k7", agentIds: ["[st]eam-a"] } })).toEqual([own.id]);
    });

    it("says whether there is more behind a page, and ends a page early where its rows are large", async () => {
      const params = JSON.stringify({ text: "x".repeat(100_000) });
      for (let n = 0; n < 60; n++) await submit({ params });
      const first = await store.actions({ ...EVERYTHING, limit: 50 });
      expect([first.rows.length < 50, first.hasMore]).toEqual([true, true]);
      const rest = await store.actions({ ...EVERYTHING, beforeId: first.rows.at(-1)?.id ?? null });
      expect([first.rows.length + rest.rows.length, rest.hasMore]).toEqual([60, false]);
    });

    it("says that there is no more when a page ends exactly at the last action", async () => {
      const ids = [await submit(), await submit()].map(({ id }) => id).reverse();
      const page = await store.actions({ ...EVERYTHING, limit: 2 });
      expect([page.rows.map(({ id }) => id), page.hasMore]).toEqual([ids, false]);
      expect(await store.actions({ ...EVERYTHING, beforeId: ids[1] ?? null })).toEqual({ rows: [], hasMore: false });
    });

    it("lists an action that is larger than a page by itself, so that a reader gets past it", async () => {
      const huge = "é".repeat(1_100_000);
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) ids.unshift((await submit({ params: huge, result: huge })).id);
      const read: string[] = [];
      for (let beforeId: string | null = null, hasMore = true; hasMore; ) {
        const page = await store.actions({ ...EVERYTHING, beforeId });
        expect(page.rows).toHaveLength(1);
        beforeId = page.rows[0]?.id ?? null;
        read.push(...page.rows.map(({ id }) => id));
        hasMore = page.hasMore;
      }
      expect(read).toEqual(ids);
    });

    it("goes on writing after a page that ended early: no read is left open behind it", async () => {
      await Promise.all([submit(), submit(), submit()]);
      expect((await store.actions({ ...EVERYTHING, limit: 1 })).hasMore).toBe(true);
      const added = await submit();
      expect(await list({ limit: 1 })).toEqual([added.id]);
    });

    it("streams to a bounded principal only the entries of actions it may see", async () => {
      const own = await submit({ submitted_by: "k7" });
      await submit({ submitted_by: "k8" });
      const bound = await submit({ submitted_by: "k8", agent_id: "team-a" });
      const seen = await store.actionEntries(-1, 100, { principalId: "k7", agentIds: ["team-*"] });
      expect(seen.map(({ action_id }) => action_id)).toEqual([own.id, bound.id]);
      expect(Object.keys(seen[0] ?? {}).sort()).toEqual(["action_id", "idx", "leaf", "leaf_hash", "root"]);
      const bracket = await store.actionEntries(-1, 100, { principalId: "k7", agentIds: ["[st]eam-?"] });
      expect(bracket.map(({ action_id }) => action_id)).toEqual([own.id]);
    });

    it("finds the few entries that a principal may see among thousands that it may not, page by page", async () => {
      const hidden = (count: number): Promise<unknown> =>
        Promise.all(Array.from({ length: count }, () => submit({ submitted_by: "k8" })));
      const mine: number[] = [];
      for (const gap of [4_200, 1, 4_200]) {
        mine.push((await submit({ submitted_by: "k7" })).ledger_index);
        await hidden(gap);
      }
      const visibleTo = { principalId: "k7", agentIds: [] };
      const indexes = async (after: number, limit: number): Promise<number[]> =>
        (await store.actionEntries(after, limit, visibleTo)).map(({ idx }) => idx);
      expect(await indexes(-1, 100)).toEqual(mine);
      expect(await indexes(-1, 2)).toEqual(mine.slice(0, 2));
      expect(await indexes(mine[1] ?? -1, 2)).toEqual(mine.slice(2));
      expect(await indexes(mine[2] ?? -1, 2)).toEqual([]);
    });

    it("lists disabled agents first, then the others as they were last seen", async () => {
      const entry = { kind: "agent.disabled", atMs: 1, actor: ACTOR, body: {} };
      await submit({ agent_id: "earlier", created_at_ms: 5 });
      await submit({ agent_id: "later", created_at_ms: 6 });
      await submit({ agent_id: "off", created_at_ms: 1 });
      const row = { disabled_at_ms: 7, disabled_by: "k1", reason: null };
      await store.putAgentDisabled({ row: { agent_id: "off", ...row }, entry });
      await store.putAgentDisabled({ row: { agent_id: "off, never seen", ...row }, entry });
      const ids = async (): Promise<string[]> => (await store.agents()).map(({ agent_id }) => agent_id);
      expect(await ids()).toEqual(["off", "off, never seen", "later", "earlier"]);
      await store.putAgentDisabled({ row: { agent_id: "off", ...row, disabled_at_ms: null }, entry });
      expect(await ids()).toEqual(["off, never seen", "later", "earlier", "off"]);
      expect(await store.disabledAgents()).toEqual(["off, never seen"]);
    });

    it("takes the policy that was loaded last for the newest, also when the clock was set back", async () => {
      const load = async (id: string, loaded_at_ms: number): Promise<void> => {
        const entry = { kind: "policy.loaded", atMs: loaded_at_ms, actor: ACTOR, body: { policy_id: id } };
        await store.putPolicy({ row: { id, version: 1, hash: "h", source: "s", loaded_at_ms }, entry });
      };
      await submit();
      await load("first", 9_000);
      await load("second", 100);
      expect(await store.latestPolicy(null)).toMatchObject({ id: "second", ledger_index: 2 });
      expect(await store.latestPolicy("first")).toMatchObject({ id: "first", ledger_index: 1 });
    });

    it("gives JSON columns back as they were, with an escaped U+0000 in them", async () => {
      const json = JSON.stringify({ text: "before\u0000after", "key\u0000": ["\u0000"] });
      const columns = { params: json, context: json, result: json, meta: json };
      const { id } = await submit(columns);
      expect(await store.action(id)).toMatchObject(columns);
      expect((await store.actions(EVERYTHING)).rows[0]).toMatchObject(columns);
    });

    it("answers that it works, without a trace in the ledger", async () => {
      await submit();
      await store.probe();
      await store.probe();
      expect(await store.ledgerSize()).toBe(1);
    });

    it("knows every stopped agent, however many agents there are", async () => {
      const entry = { kind: "agent.disabled", atMs: 1, actor: ACTOR, body: {} };
      const row = { agent_id: "~last in order", disabled_at_ms: 7, disabled_by: "k1", reason: null };
      await store.putAgentDisabled({ row, entry });
      await Promise.all(Array.from({ length: 10_001 }, (_, n) => submit({ agent_id: `!${n}` })));
      expect(await store.disabledAgents()).toEqual([row.agent_id]);
      expect((await store.agents())[0]?.agent_id).toBe(row.agent_id);
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

    it("finds what is overdue, the longest overdue first, and nothing that is in time", async () => {
      const pending = { status: "pending_approval", decision: "require_approval", outcome: "ABSTAIN" } as const;
      const late = await submit({ ...pending, approval_expires_at_ms: 500 });
      await submit({ ...pending, approval_expires_at_ms: 9_999 });
      const leased = await submit({ status: "executing", claimed_by: "{}", lease_expires_at_ms: 400 });
      expect((await store.overdue(600, 10)).map(({ id }) => id)).toEqual([leased.id, late.id]);
      expect(await store.overdue(600, 1)).toHaveLength(1);
      expect(await store.overdue(399, 10)).toEqual([]);
    });

    it("finds an agent's actions that have not begun to run", async () => {
      const waiting = await submit({ agent_id: "stopped" });
      await submit({ agent_id: "stopped", status: "executing", claimed_by: "{}", lease_expires_at_ms: 9 });
      await submit({ agent_id: "running" });
      expect((await store.unclaimed("stopped", 10)).map(({ id }) => id)).toEqual([waiting.id]);
    });

    it("counts an agent's submissions and keeps when it was last seen", async () => {
      await Promise.all([
        submit({ agent_id: "busy", created_at_ms: 5 }),
        submit({ agent_id: "busy", created_at_ms: 6 }),
      ]);
      expect(await store.agent("busy")).toMatchObject({ actions: 2, last_seen_at_ms: 6, disabled_at_ms: null });
    });

    it("keeps agents stopped, keys and policies, each with a ledger entry of its own", async () => {
      const change = { kind: "x", atMs: 1, actor: ACTOR, body: {} };
      await store.putAgentDisabled({
        row: { agent_id: "a", disabled_at_ms: 7, disabled_by: "k1", reason: "why" },
        entry: change,
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
      await store.putApiKey({ row: key, entry: change });
      await store.putApiKey({ row: { ...key, revoked_at_ms: 3 }, entry: change });
      await store.touchApiKeys(new Map([["k9", 4]]));
      await store.putPolicy({ row: { id: "p", version: 1, hash: "h", source: "s", loaded_at_ms: 1 }, entry: change });
      await store.putPolicy({ row: { id: "p", version: 2, hash: "i", source: "t", loaded_at_ms: 2 }, entry: change });
      await store.record(change);
      await store.close();
      store = await under.open();
      expect(await store.agent("a")).toMatchObject({ disabled_at_ms: 7, reason: "why", actions: 0 });
      expect(await store.apiKey("k9")).toEqual({ ...key, revoked_at_ms: 3, last_used_at_ms: 4 });
      expect(await store.latestPolicy("p")).toMatchObject({ version: 2, source: "t" });
      expect(await store.latestPolicy(null)).toMatchObject({ version: 2 });
      expect(await store.ledgerSize()).toBe(6);
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
