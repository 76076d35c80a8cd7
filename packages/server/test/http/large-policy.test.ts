import type { Decision, Problem } from "@faramesh/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLarge } from "../../src/gate/policies/check-apart.js";
import type { CheckAnswer } from "../../src/gate/policies/try-policy.js";
import { STORES } from "../places.js";
import { type Answer, LS, RunningGate } from "../running-gate.js";

/** Far more than is read at once. */
const RULES = 2_000;

const ruleLine = (n: number): string =>
  `  - { id: r${n}, match: { tool: t${n}, params: { n: { gt: ${n} } } }, allow: true }`;

function large(...lastLines: string[]): string {
  const lines = Array.from({ length: RULES }, (_, n) => ruleLine(n));
  return ["version: 1", "name: test", "rules:", ...lines, ...lastLines, ""].join("\n");
}

const TESTED = (tool: string): string =>
  `  - { id: tested, match: { tool: shell }, deny: true, tests: [{ action: { agent_id: a, tool: ${tool}, operation: o, params: {} } }] }`;

describe.each(STORES)("a policy of thousands of rules, on %s", (store) => {
  let gate: RunningGate;
  beforeEach(async () => {
    gate = await RunningGate.start({ store });
  });
  afterEach(() => gate.stop());

  const post = <Body>(path: string, body: object): Promise<Answer<Body>> => gate.send<Body>("POST", path, { body });
  const decide = async (action: object): Promise<Decision> => (await post<Decision>("/v1/gate/decide", action)).body;

  it("is checked, tested and activated as any other, and decides", async () => {
    const source = large(TESTED("shell"));
    const checked = await post<CheckAnswer>("/v1/policies/validate", { source });
    expect([checked.status, checked.body.ok]).toEqual([200, true]);
    const created = await post<{ version: number; active: boolean }>("/v1/policies", { source, activate: true });
    expect([created.status, created.body.version, created.body.active]).toEqual([201, 2, true]);
    expect(await decide(LS)).toMatchObject({ outcome: "HALT", policy_version: 2, rule_id: "tested" });
    const action = { ...LS, tool: "t1999", params: { n: 2_000 } };
    expect(await decide(action)).toMatchObject({ outcome: "EXECUTE", rule_id: "r1999" });
    expect(await decide({ ...action, params: { n: true } })).toMatchObject({ outcome: "HALT" });
  });

  it("may be a short text whose aliases repeat a rule thousands of times", async () => {
    const aliases = Array.from({ length: RULES }, () => "  - *shell");
    const lines = [
      "version: 1",
      "name: test",
      "rules:",
      "  - &shell { match: { tool: shell }, deny: true }",
      ...aliases,
    ];
    const { status } = await post("/v1/policies", { source: lines.join("\n"), activate: true });
    expect(status).toBe(201);
    expect(isLarge({ source: lines.slice(0, 4).join("\n"), tests: null })).toBe(true);
    expect(isLarge({ source: "# a & b\nwhen: 'a && b'", tests: null })).toBe(false);
    expect(await decide(LS)).toMatchObject({ outcome: "HALT", policy_version: 2 });
  });

  it("is refused where a rule of it is wrong or a test fails, at its line and column", async () => {
    const wrong = await post<CheckAnswer>("/v1/policies/validate", {
      source: large("  - { id: last, match: { tools: x }, allow: true }"),
    });
    expect(wrong.body.findings[0]).toMatchObject({ code: "unknown_key", line: RULES + 4, severity: "error" });
    const failing = await post<Problem>("/v1/policies", { source: large(TESTED("mail")), activate: true });
    expect(failing.status).toBe(422);
    expect(JSON.stringify(failing.body)).toContain("failing_test");
    expect(await decide(LS)).toMatchObject({ outcome: "EXECUTE", policy_version: 1 });
  });

  it("is held against the tools that are registered, and is refused where many wait to be read", async () => {
    const schema = {
      type: "object",
      properties: { n: { type: "number" } },
      required: ["n"],
      additionalProperties: false,
    };
    expect((await post("/v1/tools", { tools: [{ tool: "shell", schema }] })).status).toBe(200);
    const source = large("  - { id: last, match: { tool: shell, params: { m: { gt: 1 } } }, deny: true }");
    const held = await post<CheckAnswer>("/v1/policies/validate", { source });
    expect(held.body).toMatchObject({ ok: false, findings: [{ line: RULES + 4, severity: "error" }] });
    const many = await Promise.all(
      Array.from({ length: 40 }, () => post<Problem>("/v1/policies/validate", { source })),
    );
    const answers = many.map(({ status }) => status);
    expect(new Set(answers)).toEqual(new Set([200, 429]));
    expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(16);
    expect((await post("/v1/policies/validate", { source })).status).toBe(200);
  });

  it("keeps nobody waiting while it is activated", async () => {
    let settled = false;
    const activation = post<{ active: boolean }>("/v1/policies", {
      source: large(TESTED("shell")),
      activate: true,
    }).finally(() => {
      settled = true;
    });
    let answeredMeanwhile = 0;
    while (!settled) {
      await decide(LS);
      if (!settled) answeredMeanwhile++;
    }
    expect((await activation).body.active).toBe(true);
    expect(answeredMeanwhile).toBeGreaterThan(5);
  });
});
