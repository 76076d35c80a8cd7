import { describe, expect, it } from "vitest";
import type { Store } from "../../src/store/store.js";
import { ACTOR, newPolicy } from "./store-samples.js";
import { openForEach, type StoreUnderTest } from "./store-under-test.js";

const ALL = "0".repeat(64);
const SOME = "1".repeat(64);

/** What every store promises of policies: versions that never change, and which of them decide. */
export function policiesConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} store of policies`, () => {
    let store: Store;
    openForEach(make, (opened) => {
      store = opened;
    });
    const put = async (...change: Parameters<typeof newPolicy>): Promise<void> => {
      expect(await store.putPolicy(newPolicy(...change))).toBe("changed");
    };
    const active = async (): Promise<string[]> =>
      (await store.activePolicies()).map(({ policy_id, policy_version }) => `${policy_id} ${policy_version}`);

    it("takes the policy that was activated last for a scope, also when the clock was set back", async () => {
      await put({ id: "first", created_at_ms: 9_000 });
      await put({ id: "second", created_at_ms: 100 });
      expect(await active()).toEqual(["second 1"]);
    });

    it("has one policy for each scope, and none where the last word is that none decides", async () => {
      await put({ id: "general" });
      await put({ id: "special", applies_to: '["a"]' }, SOME);
      expect(await active()).toEqual(["general 1", "special 1"]);
      const { row, entry } = newPolicy({ id: "special" }, SOME);
      const ended = { ...row.activations[0], scope: SOME, policy_id: null, policy_version: null };
      const change = { created: null, activations: [{ note: null, at_ms: 1, by_whom: "{}", ...ended }] };
      await store.putPolicy({ row: change, entry, decidedAt: null });
      expect(await active()).toEqual(["general 1"]);
    });

    it("keeps a version that was made and not activated, and every text of it", async () => {
      const { row, entry } = newPolicy({ source: "a\nb", packs: '{"p":"rules: []"}', tests: "[]", note: "why" });
      await store.putPolicy({ row: { created: row.created, activations: [] }, entry, decidedAt: null });
      expect(await active()).toEqual([]);
      expect(await store.policy("p", 1)).toEqual({ ...row.created, ledger_index: 0 });
      expect(await store.policy("p", 2)).toBeNull();
      expect(await store.policy("q", null)).toBeNull();
    });

    it("lists the newest version of each policy, and the versions of one, newest first, without their texts", async () => {
      await put({ id: "b" });
      await put({ id: "a" });
      await put({ id: "a", version: 2, hash: "other" });
      const listed = await store.policies();
      expect(listed.map(({ id, version }) => [id, version])).toEqual([
        ["a", 2],
        ["b", 1],
      ]);
      expect(listed[0]).not.toHaveProperty("source");
      expect((await store.policyVersions("a")).map(({ version, hash }) => [version, hash])).toEqual([
        [2, "other"],
        [1, "h"],
      ]);
      expect(await store.policyVersions("c")).toEqual([]);
    });

    it("tells what was activated when, newest first: of all, or where one policy ever was", async () => {
      await put({ id: "general" });
      await put({ id: "special" }, SOME);
      await put({ id: "general", version: 2 });
      await put({ id: "other" }, ALL);
      const history = async (id: string | null, limit = 10): Promise<(number | string | null)[][]> =>
        (await store.activations(id, limit)).map((row) => [row.ledger_index, row.policy_id, row.policy_version]);
      expect(await history(null)).toEqual([
        [3, "other", 1],
        [2, "general", 2],
        [1, "special", 1],
        [0, "general", 1],
      ]);
      expect(await history("general", 2)).toEqual([
        [3, "other", 1],
        [2, "general", 2],
      ]);
      expect(await history("special")).toEqual([[1, "special", 1]]);
    });

    it("never takes a version twice, and nothing that comes with it", async () => {
      await put();
      const before = await store.ledgerSize();
      await expect(store.putPolicy(newPolicy({ source: "other" }))).rejects.toThrow();
      expect(await store.ledgerSize()).toBe(before);
      expect(await store.policy("p", 1)).toMatchObject({ source: "s" });
      const entry = { kind: "x", atMs: 1, actor: ACTOR, body: {} };
      await store.putAgentStop({
        row: { agent_id: "a", disabled_at_ms: 1, disabled_by: null, reason: null },
        entry,
        decidedAt: null,
      });
      expect(await store.ledgerSize()).toBe(before + 1);
    });

    it("keeps what tools take, the newest word of each, and nothing of those that were taken back", async () => {
      const row = (tool: string, operation: string, schema: string | null) => {
        return { tool, operation, schema, registered_at_ms: 1, registered_by: "{}" };
      };
      const entry = { kind: "tools.registered", atMs: 1, actor: ACTOR, body: {} };
      const put = async (...rows: ReturnType<typeof row>[]): Promise<void> => {
        expect(await store.putToolSchemas({ row: rows, entry, decidedAt: null })).toBe("changed");
      };
      await put(row("b", "", "{}"), row("a", "x", "{}"), row("a", "", "{}"));
      await put(row("b", "", '{"type":"object"}'), row("a", "x", null));
      expect(await store.toolSchemas()).toEqual([row("a", "", "{}"), row("b", "", '{"type":"object"}')]);
      expect(await store.rulesIndex()).toBe(1);
      expect(await store.putToolSchemas({ row: [], entry, decidedAt: 0 })).toBe("outdated");
    });

    it("activates no version that is not there", async () => {
      const { row, entry } = newPolicy();
      const change = { created: null, activations: row.activations };
      await expect(store.putPolicy({ row: change, entry, decidedAt: null })).rejects.toThrow();
      expect(await store.ledgerSize()).toBe(0);
    });
  });
}
