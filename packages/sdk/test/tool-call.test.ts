import type { Action, JsonObject } from "@faramesh/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { readableError, refusalText, ToolCallRefused, ToolGovernor } from "../src/adapters/tool-call.js";
import { ApprovalRequired, ConflictError, FarameshConnectionError } from "../src/index.js";
import { actionOf, claimedOf, hashOf, pendingOf, problem, rejection } from "./fake-gate.js";
import { type Script, type ScriptedGate, startScriptedGate } from "./scripted-gate.js";

const OPTIONS = { agentId: "agent-1", actionName: () => ({ tool: "shell", operation: "exec" }) };
const NAME = { agent_id: "agent-1", tool: "shell", operation: "exec" };

let gate: ScriptedGate;
afterEach(() => gate.close());

async function governorThat(script: Script): Promise<ToolGovernor> {
  gate = await startScriptedGate(script);
  return new ToolGovernor(gate.client, OPTIONS);
}

/** Claims that are for what was submitted, or for what a person made of it. */
function claims(params?: JsonObject): Script {
  return {
    actions: (seen) => ({ body: actionOf(seen.body as Partial<Action>) }),
    start: () => {
      const submitted = gate.bodiesOf("actions").at(-1) as typeof NAME & { params: JsonObject };
      const action = { ...NAME, params: params ?? submitted.params };
      return { body: claimedOf({ ...action, request_hash: hashOf(action) }) };
    },
  };
}

describe("the input of a tool call", () => {
  for (const input of ["ls", 7, ["a", "b"], null]) {
    it(`that is no plain object is params.input, and comes back as it was: ${JSON.stringify(input)}`, async () => {
      const governor = await governorThat(claims());
      expect(await governor.run({ toolName: "any", input }, {}, (decided) => decided)).toEqual(input);
      expect(gate.bodiesOf("actions")).toEqual([{ ...NAME, params: { input } }]);
    });
  }

  it("that is missing is no params at all", async () => {
    const governor = await governorThat(claims());
    expect(await governor.run({ toolName: "any", input: undefined }, {}, (decided) => decided)).toBeUndefined();
    expect(gate.bodiesOf("actions")).toEqual([{ ...NAME, params: {} }]);
  });

  it("that a person edited is what the tool gets", async () => {
    const governor = await governorThat(claims({ input: "ls" }));
    expect(await governor.run({ toolName: "any", input: "rm" }, {}, (decided) => decided)).toBe("ls");
  });

  it("is not guessed where an edit left more than one input: the tool is not called", async () => {
    const governor = await governorThat(claims({ input: "ls", cwd: "/" }));
    const called: unknown[] = [];
    const run = governor.run({ toolName: "any", input: "rm" }, {}, (decided) => called.push(decided));
    expect(await rejection(run)).toMatchObject({ code: "bad_response" });
    expect(called).toEqual([]);
  });
});

describe("a call that is held", () => {
  it("keeps its idempotency key when it is made again, and another call has another", async () => {
    const governor = await governorThat({ actions: () => ({ body: pendingOf() }) });
    for (const input of [{ cmd: "a" }, { cmd: "b" }, { cmd: "a" }]) {
      const run = governor.run({ toolName: "any", input }, {}, () => "ran");
      expect(await rejection(run)).toBeInstanceOf(ApprovalRequired);
    }
    const [first, other, again] = gate.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("is forgotten once its action can run no more: the same call is then a new action", async () => {
    const governor = await governorThat({
      actions: (_, count) => ({ body: count === 1 ? pendingOf() : actionOf({ status: "denied", outcome: "HALT" }) }),
    });
    const call = { toolName: "any", input: { cmd: "a" } };
    for (let time = 0; time < 3; time++) await rejection(governor.run(call, {}, () => "ran"));
    const [first, second, third] = gate.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

describe("what a model reads of a call that did not run", () => {
  it("says who can approve it, until when, under which id, and what to do, but never the approval token", async () => {
    const approval = { ...pendingOf().approval, approvers: ["finance"], expires_at: "2026-12-01T12:00:00.000Z" };
    const held = pendingOf({ approval, approval_token: "fmat_secret" });
    const governor = await governorThat({ actions: () => ({ body: held }) });
    const text = refusalText(await rejection(governor.run({ toolName: "any", input: {} }, {}, () => "ran")));
    expect(text).toContain("is held for approval by finance until 2026-12-01T12:00:00.000Z");
    expect(text).toContain(`Action ${held.id}. Once it is approved, retry with exactly the same input`);
    expect(text).not.toContain("fmat_secret");
  });

  it("says that somebody else has claimed it", async () => {
    const governor = await governorThat({ start: () => problem(409, "not_claimable") });
    const error = await rejection(governor.run({ toolName: "any", input: { cmd: "ls -la" } }, {}, () => "ran"));
    expect(error).toBeInstanceOf(ConflictError);
    expect(refusalText(error)).toBe((error as ConflictError).message);
  });

  it("is an error with the gate's own error as its cause; the tool's own errors stay as they are", async () => {
    gate = await startScriptedGate({});
    const refused = new FarameshConnectionError("nobody there", { code: "unreachable" });
    const readable = readableError(refused);
    expect(readable).toBeInstanceOf(ToolCallRefused);
    expect(readable).toMatchObject({ code: "unreachable", cause: refused });
    const own = new Error("the disk is full");
    expect(readableError(own)).toBe(own);
    expect(refusalText(own)).toBeNull();
  });
});
