import { describe, expect, it } from "vitest";
import type { ActionFilter, ActionRow, ActionStep, FirstRow, Store } from "../../src/store/store.js";
import { ACTOR, EVERYTHING } from "./store-samples.js";
import { openForEach, type StoreUnderTest, stepIn, submitTo } from "./store-under-test.js";

/** What every store promises of reading: lists, pages, streams, what is overdue and who was seen. */
export function readingConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} store reads back what a store promises`, () => {
    let store: Store;
    openForEach(make, (opened) => {
      store = opened;
    });
    const submit = (fields: Partial<FirstRow> = {}): Promise<ActionRow> => submitTo(store, fields);
    const step = (id: string, fields: Partial<ActionStep> = {}): Promise<void> => stepIn(store, id, fields);
    const list = async (filter: Partial<ActionFilter>): Promise<string[]> =>
      (await store.actions({ ...EVERYTHING, ...filter })).rows.map((row) => row.id);

    it("lists newest first, by any field, by text, by time and by place", async () => {
      const a = await submit({ tool: "http", agent_id: "one", created_at_ms: 100 });
      const b = await submit({ tool: "stripe", params: '{"note":"100%_sure"}', created_at_ms: 200 });
      const c = await submit({ tool: "shell", risk_level: "high", created_at_ms: 300 });
      expect(await list({})).toEqual([c.id, b.id, a.id]);
      expect(await list({ tool: ["http", "shell"] })).toEqual([c.id, a.id]);
      expect(await list({ agentId: ["one"] })).toEqual([a.id]);
      expect(await list({ riskLevel: ["high"] })).toEqual([c.id]);
      expect(await list({ text: "STRIPE sure" })).toEqual([b.id]);
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
      for (let n = 0; n < 3; n++) {
        const { id } = await submit({ params: huge });
        await step(id, { to: "succeeded", set: { result: huge } });
        ids.unshift(id);
      }
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
      await store.putAgentStop({ row: { agent_id: "off", ...row }, entry, decidedAt: null });
      await store.putAgentStop({ row: { agent_id: "off, never seen", ...row }, entry, decidedAt: null });
      const ids = async (): Promise<string[]> => (await store.agents()).map(({ agent_id }) => agent_id);
      expect(await ids()).toEqual(["off", "off, never seen", "later", "earlier"]);
      await store.putAgentStop({ row: { agent_id: "off", ...row, disabled_at_ms: null }, entry, decidedAt: null });
      expect(await ids()).toEqual(["off, never seen", "later", "earlier", "off"]);
      expect(await store.disabledAgents()).toEqual(["off, never seen"]);
    });

    it("gives JSON columns back as they were, with an escaped U+0000 in them", async () => {
      const json = JSON.stringify({ text: "before\u0000after", "key\u0000": ["\u0000"] });
      const columns = { params: json, context: json, result: json, meta: json };
      const { id } = await submit({ params: json, context: json });
      await step(id, { to: "succeeded", set: { result: json, meta: json } });
      expect(await store.action(id)).toMatchObject(columns);
      expect((await store.actions(EVERYTHING)).rows[0]).toMatchObject(columns);
    });

    it("knows every stopped agent, however many agents there are", async () => {
      const entry = { kind: "agent.disabled", atMs: 1, actor: ACTOR, body: {} };
      const row = { agent_id: "~last in order", disabled_at_ms: 7, disabled_by: "k1", reason: null };
      await store.putAgentStop({ row, entry, decidedAt: null });
      await Promise.all(Array.from({ length: 10_001 }, (_, n) => submit({ agent_id: `!${n}` })));
      expect(await store.disabledAgents()).toEqual([row.agent_id]);
      expect((await store.agents())[0]?.agent_id).toBe(row.agent_id);
    });

    it("finds what is overdue, the longest overdue first, and nothing that is in time", async () => {
      const pending = { status: "pending_approval", decision: "require_approval", outcome: "ABSTAIN" } as const;
      const late = await submit({ ...pending, approval_expires_at_ms: 500 });
      await submit({ ...pending, approval_expires_at_ms: 9_999 });
      const leased = await submit();
      await step(leased.id, { set: { claimed_by: "{}", lease_expires_at_ms: 400 } });
      expect((await store.overdue(600, 10)).map(({ id }) => id)).toEqual([leased.id, late.id]);
      expect(await store.overdue(600, 1)).toHaveLength(1);
      expect(await store.overdue(399, 10)).toEqual([]);
    });

    it("finds an agent's actions that have not begun to run", async () => {
      const waiting = await submit({ agent_id: "stopped" });
      await step((await submit({ agent_id: "stopped" })).id);
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
  });
}
