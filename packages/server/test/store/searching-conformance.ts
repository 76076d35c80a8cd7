import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActionFilter, ActionRow, FirstRow, Store } from "../../src/store/store.js";
import { EVERYTHING } from "./store-samples.js";
import { openForEach, type StoreUnderTest, stepIn, submitTo } from "./store-under-test.js";

/** What every store promises of finding actions: by words, by what they are, and by both. */
export function searchingConformance(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the ${name} store finds an action`, () => {
    let store: Store;
    openForEach(make, (opened) => {
      store = opened;
    });
    const submit = (fields: Partial<FirstRow> = {}): Promise<ActionRow> => submitTo(store, fields);
    const list = async (filter: Partial<ActionFilter>): Promise<string[]> =>
      (await store.actions({ ...EVERYTHING, ...filter })).rows.map((row) => row.id);
    const find = (text: string): Promise<string[]> => list({ text });

    it("by a word of its tool, its operation, its agent, its reason, and the names and values in its params", async () => {
      const { id } = await submit({
        tool: "stripe_test",
        operation: "refund",
        agent_id: "billing-agent",
        reason: "rule large-refunds says so",
        params: '{"customer":{"mail":"ada@example.org"},"order":["ord_7Yx",12.5]}',
      });
      await submit();
      for (const word of [
        "stripe",
        "test",
        "refund",
        "billing",
        "large",
        "customer",
        "mail",
        "ada",
        "org",
        "7yx",
        "12",
      ]) {
        expect([word, await find(word)]).toEqual([word, [id]]);
      }
    });

    it("by all words of a text, whatever stands between them and in whatever order, and by no part of a word", async () => {
      const { id } = await submit({ params: '{"note":"Refund for two Chairs, please"}' });
      await submit({ params: '{"note":"refund for a table"}' });
      expect(await find("chairs refund")).toEqual([id]);
      expect(await find("for/two; CHAIRS!")).toEqual([id]);
      expect(await find("chairs table")).toEqual([]);
      expect(await find("chair")).toEqual([]);
      expect(await find("refund for")).toHaveLength(2);
    });

    it("in any script and case, composed or not, and through the escapes of JSON", async () => {
      const { id } = await submit({ params: '{"note":"\\u004Dünchen \\u65e5本 ΣΊΣΥΦΟΣ straße ﬁne\\nnext\\u0000end"}' });
      for (const word of ["münchen", "MÜNCHEN", "mu\u0308nchen", "日本", "σίσυφος", "fine", "next", "END", "STRASSE"]) {
        expect([word, await find(word)]).toEqual([word, [id]]);
      }
      expect(await find("nnext")).toEqual([]);
    });

    it("by nothing that only looks like a word: what has no letter and no digit finds nothing", async () => {
      await submit({ params: '{"note":"100%_sure"}' });
      for (const text of ["%", "_", "*", '"', "'", "=", "t=", "( OR )", "-", "\u0000", "\ud800"]) {
        expect([text, await find(text)]).toEqual([text, []]);
      }
    });

    it("by words that a search language would read as its own", async () => {
      const { id } = await submit({ params: '{"note":"NEAR or not and AND"}' });
      await submit({ params: '{"note":"something else"}' });
      for (const text of [
        "near",
        "NOT",
        "or",
        "and AND",
        "not:near*",
        "NEAR(or not)",
        "'or' & !and",
        '"or" AND "near"',
      ]) {
        expect([text, await find(text)]).toEqual([text, [id]]);
      }
    });

    it("by its names exactly, whatever characters are in them, and never by a word of another's", async () => {
      const names = [
        "Stripe",
        "stripe",
        "a b",
        "a'b",
        'a"b',
        "a*",
        "a(b)",
        "a%27b",
        "é",
        "e\u0301",
        "t=x",
        "日本",
        "a\\b",
        "a:b",
      ];
      const ids = new Map<string, string>();
      for (const tool of names) ids.set(tool, (await submit({ tool, agent_id: tool, operation: tool })).id);
      for (const tool of names) {
        const found = [await list({ tool: [tool] }), await list({ agentId: [tool], operation: [tool] })];
        expect([tool, ...found]).toEqual([tool, [ids.get(tool)], [ids.get(tool)]]);
      }
    });

    it("whatever marks a text heaps on its letters, without taking long over it", async () => {
      const marks = `a${"\u0301".repeat(25_000)}${"\u0323".repeat(25_000)}`;
      const texts = [marks, "ﷺ".repeat(30_000), "ﷺ ".repeat(25_000), "é ".repeat(25_000), "😀x".repeat(15_000)];
      const begun = performance.now();
      const rows = await Promise.all(texts.map((note) => submit({ params: JSON.stringify({ note, mark: "found" }) })));
      expect(performance.now() - begun).toBeLessThan(2_000);
      expect((await find("note")).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
      expect(await find(marks)).toEqual([rows[0]?.id]);
    });

    it("by names so long that an index would not take them", async () => {
      const long = "😀".repeat(200);
      const { id } = await submit({ tool: long });
      await submit({ tool: `${long}😀` });
      expect(await list({ tool: [long] })).toEqual([id]);
      expect(await list({ visibleTo: { principalId: "nobody", agentIds: [long] } })).toEqual([]);
    });

    it("whose status few have, among those that are otherwise sought", async () => {
      const pending = { status: "pending_approval", decision: "require_approval", outcome: "ABSTAIN" } as const;
      const { id } = await submit({
        ...pending,
        approval_expires_at_ms: 9_999,
        tool: "stripe",
        params: '{"note":"held"}',
      });
      await submit({ ...pending, approval_expires_at_ms: 9_999, tool: "shell" });
      await submit({ tool: "stripe", params: '{"note":"held"}' });
      expect(await list({ status: ["pending_approval"], tool: ["stripe"] })).toEqual([id]);
      expect(await list({ status: ["pending_approval"], text: "held" })).toEqual([id]);
      expect(await list({ status: ["denied", "cancelled"], tool: ["stripe"] })).toEqual([]);
    });

    it("among the first 256 different words of it, of which the first 64 characters count", async () => {
      const long = "x".repeat(100);
      const words = Array.from({ length: 300 }, (_, place) => `w${place}`);
      const { id } = await submit({ params: JSON.stringify([long, ...words]) });
      expect(await find(long)).toEqual([id]);
      expect(await find(`${"x".repeat(64)}y`)).toEqual([id]);
      expect(await find("x".repeat(63))).toEqual([]);
      expect([await find("w200"), await find("w299")]).toEqual([[id], []]);
    });

    it("page by page, newest first, without a gap and without one twice", async () => {
      const ids: string[] = [];
      for (let n = 0; n < 23; n++)
        ids.unshift((await submit({ params: `{"note":"even${n % 2 === 0 ? "" : "s"}"}` })).id);
      const even = ids.filter((_, place) => place % 2 === 0);
      const read: string[] = [];
      for (let beforeId: string | null = null; ; beforeId = read.at(-1) ?? null) {
        const page = await store.actions({ ...EVERYTHING, text: "even", beforeId, limit: 5 });
        read.push(...page.rows.map(({ id }) => id));
        if (!page.hasMore) break;
      }
      expect(read).toEqual(even);
      expect(await list({ text: "even", offset: 2, limit: 3 })).toEqual(even.slice(2, 5));
    });

    it("however many have what is sought, and wherever they are among those that have not", async () => {
      const many = (count: number, note: string) =>
        Promise.all(Array.from({ length: count }, () => submit({ params: JSON.stringify({ note }) })));
      const rare = await many(3, "rare once");
      const once = await many(3_100, "once");
      await many(2_100, "other");
      const newest = (rows: readonly ActionRow[]): string[] =>
        rows
          .map(({ id }) => id)
          .toSorted()
          .reverse();
      expect(await list({ text: "once", limit: 20 })).toEqual(newest(once).slice(0, 20));
      expect(await list({ text: "once", limit: 20, offset: 3_090 })).toEqual(newest([...once, ...rare]).slice(3_090));
      expect(await list({ text: "rare", limit: 20 })).toEqual(newest(rare));
      expect(await list({ text: "rare", agentId: ["agent"], status: ["allowed"], limit: 2 })).toEqual(
        newest(rare).slice(0, 2),
      );
      expect(await list({ text: "other", limit: 1_000 })).toHaveLength(1_000);
    });

    it("by any mix of what can be asked, as a reader of the whole list would", async () => {
      const all = await Promise.all(
        Array.from({ length: 120 }, async (_, n) => {
          const action = await submit({ ...mixed(n), created_at_ms: 1_000 + n * 10 });
          if (n % 4 === 0 && action.status === "allowed") await stepIn(store, action.id);
          return (await store.action(action.id)) as ActionRow;
        }),
      );
      await fc.assert(
        fc.asyncProperty(filters, async (filter) => {
          const wanted = all.filter((row) => isWanted(row, filter)).map(({ id }) => id);
          expect(await list(filter)).toEqual(wanted.sort().reverse().slice(0, 100));
        }),
        { numRuns: 150 },
      );
    });
  });
}

const TOOLS = ["shell", "http", "Http", "mail"];
const OPERATIONS = ["read", "write", "send"];
const AGENTS = ["a-1", "a-2", "b-1"];
const KEYS = ["k1", "k2", "k3"];
const LEVELS = ["low", "high"] as const;
const WORDS = ["alpha", "beta", "gamma", "http", "read"];
const OUTCOMES = [
  { outcome: "EXECUTE", decision: "allow", status: "allowed" },
  { outcome: "HALT", decision: "deny", status: "denied" },
  { outcome: "ABSTAIN", decision: "require_approval", status: "pending_approval", approval_expires_at_ms: 9_999 },
] as const;

/** The n-th of a row of actions in which every value meets every other. */
function mixed(n: number): Partial<FirstRow> {
  const pick = <T>(list: readonly T[], every: number): T => list[Math.floor(n / every) % list.length] as T;
  return {
    tool: pick(TOOLS, 1),
    operation: pick(OPERATIONS, 1),
    agent_id: pick(AGENTS, 2),
    submitted_by: pick(KEYS, 5),
    risk_level: pick(LEVELS, 3),
    reason: "because",
    params: JSON.stringify({ note: `${pick(WORDS, 1)} ${pick(WORDS, 7)}` }),
    ...pick(OUTCOMES, 4),
  };
}

const some = (values: readonly string[]): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    fc.subarray([...values, "absent"], { minLength: 1, maxLength: 2 }),
  );

const filters = fc.record({
  status: some(["allowed", "executing", "denied", "pending_approval"]),
  tool: some(TOOLS),
  operation: some(OPERATIONS),
  agentId: some(AGENTS),
  outcome: some(OUTCOMES.map(({ outcome }) => outcome)),
  riskLevel: some(LEVELS),
  text: fc.option(fc.subarray([...WORDS, "missing"], { minLength: 1, maxLength: 2 }).map((words) => words.join(" "))),
  sinceMs: fc.option(fc.integer({ min: 900, max: 2_300 })),
  untilMs: fc.option(fc.integer({ min: 900, max: 2_300 })),
  visibleTo: fc.option(
    fc.record({
      principalId: fc.constantFrom(...KEYS),
      agentIds: fc.subarray(["a-1", "b-1", "a-*", "?-1", "nobody"], { maxLength: 2 }),
    }),
  ),
});

type Asked = typeof filters extends fc.Arbitrary<infer Filter> ? Filter : never;

function isWanted(row: ActionRow, filter: Asked): boolean {
  const isOf = (values: readonly string[], value: string): boolean => values.length === 0 || values.includes(value);
  const words = `${row.tool} ${row.operation} ${row.agent_id} ${row.reason} ${row.params}`
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const { visibleTo } = filter;
  return (
    isOf(filter.status, row.status) &&
    isOf(filter.tool, row.tool) &&
    isOf(filter.operation, row.operation) &&
    isOf(filter.agentId, row.agent_id) &&
    isOf(filter.outcome, row.outcome) &&
    isOf(filter.riskLevel, row.risk_level) &&
    (filter.text === null || filter.text.split(" ").every((word) => words?.includes(word))) &&
    (filter.sinceMs === null || row.created_at_ms >= filter.sinceMs) &&
    (filter.untilMs === null || row.created_at_ms < filter.untilMs) &&
    (visibleTo === null ||
      row.submitted_by === visibleTo.principalId ||
      visibleTo.agentIds.some((glob) => fits(row, glob)))
  );
}

function fits({ agent_id }: ActionRow, glob: string): boolean {
  return new RegExp(`^${glob.replace("*", ".*").replace("?", ".")}$`).test(agent_id);
}
