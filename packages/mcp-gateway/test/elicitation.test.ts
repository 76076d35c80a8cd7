import type { ElicitResult } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGate, type TestGate } from "./gate.js";
import { Recorded, textOf } from "./wrapped.js";

const POLICY = "version: 1\nname: ask\nrules:\n  - { id: pay, match: { tool: pay }, require_approval: true }\n";
const ERAS = [
  ["2025", {}],
  ["2026-07-28", { versionNegotiation: { mode: { pin: "2026-07-28" } } }],
] as const;

let gate: TestGate;
let recorded: Recorded;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());
afterEach(() => recorded.stop());

describe.each(ERAS)("a person at a client of MCP %s who is asked whether to go on waiting", (_, versions) => {
  /** The questions, each answered by what is given, the last of it again and again. */
  async function start(...answers: ((actionId: string) => ElicitResult | Promise<ElicitResult>)[]): Promise<string[]> {
    const client = { ...versions, capabilities: { elicitation: { form: {} } } };
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0", "--ask-to-wait"], client });
    const questions: string[] = [];
    recorded.wrapped.client.setRequestHandler("elicitation/create", ({ params }) => {
      const answer = answers[Math.min(questions.length, answers.length - 1)];
      questions.push(params.message);
      const [, id = ""] = /Action (\S+)\./.exec(params.message) ?? [];
      return answer?.(id) ?? { action: "cancel" };
    });
    return questions;
  }
  const goOn = (): ElicitResult => ({ action: "accept", content: { go_on: true } });

  it("never approves by that: the call does not run, and the questions end", async () => {
    const questions = await start(goOn);
    const result = await recorded.call("pay", { text: "1" });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain("is held for approval");
    expect(questions.length).toBeGreaterThan(0);
    expect(questions.length).toBeLessThanOrEqual(4);
    expect(questions[0]).toContain("Waiting does not approve it");
    expect(recorded.reached).toEqual([]);
  });

  it("has the call run when somebody with a key approves meanwhile", async () => {
    const questions = await start(async (id) => {
      await gate.approver.approveAction(id);
      return goOn();
    });
    expect(textOf(await recorded.call("pay", { text: "2" }))).toBe("paid 2");
    expect(questions).toHaveLength(1);
    expect(recorded.reached).toHaveLength(1);
  });

  it.each<[string, ElicitResult]>([
    ["declines", { action: "decline" }],
    ["cancels", { action: "cancel" }],
    ["says no", { action: "accept", content: { go_on: false } }],
  ])("and %s ends the wait: the call does not run, and can be resumed", async (_words, answer) => {
    const questions = await start(() => answer);
    const result = await recorded.call("pay", { text: "3" });
    expect(textOf(result)).toContain("was not waited for any longer. It did not run");
    expect(questions).toHaveLength(1);
    expect(recorded.reached).toEqual([]);
    const { id } = (result._meta?.["faramesh/action"] ?? {}) as { id: string };
    await gate.approver.approveAction(id);
    expect(textOf(await recorded.call("pay", { text: "3" }))).toBe("paid 3");
  });
});

describe("a client that cannot ask anybody", () => {
  it("is told how to resume", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0", "--ask-to-wait"] });
    expect(textOf(await recorded.call("pay", { text: "4" }))).toContain("To resume");
  });
});
