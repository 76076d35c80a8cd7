import type { Action } from "@faramesh/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { FarameshConnectionError } from "../src/index.js";
import { actionOf, claimedOf, hashOf, INPUT, rejection } from "./fake-gate.js";
import { type Script, type ScriptedGate, startScriptedGate } from "./scripted-gate.js";

let gate: ScriptedGate;
afterEach(() => gate.close());

async function gateThat(script: Script): Promise<void> {
  gate = await startScriptedGate(script);
}

describe("a governed function", () => {
  const OPTIONS = { agentId: "agent-1", tool: "shell", operation: "exec" };
  const OPTIONS_ON_WIRE = { agent_id: "agent-1", tool: "shell", operation: "exec" };
  const echo: Script = {
    actions: (seen) => ({ body: actionOf(seen.body as Partial<Action>) }),
    start: (_, count) => {
      const submitted = gate.bodiesOf("actions").at(count - 1);
      return { body: claimedOf(submitted as Partial<Action>) };
    },
  };

  it("is called with its own single object, which is the action's params", async () => {
    await gateThat(echo);
    const list = gate.client.govern((options: { path: string }) => `files of ${options.path}`, OPTIONS);
    expect(await list({ path: "/tmp" })).toBe("files of /tmp");
    expect(gate.seen[0]?.body).toEqual({ ...OPTIONS_ON_WIRE, params: { path: "/tmp" } });
  });

  it("is called with its own positional arguments, which are params.args", async () => {
    await gateThat(echo);
    const add = gate.client.govern(async (a: number, b: number) => a + b, OPTIONS);
    const sum: number = await add(2, 3);
    expect(sum).toBe(5);
    expect(gate.seen[0]?.body).toEqual({ ...OPTIONS_ON_WIRE, params: { args: [2, 3] } });
  });

  it("maps each kind of call to params in one way only", async () => {
    await gateThat(echo);
    const any = gate.client.govern((...args: unknown[]) => args.length, OPTIONS);
    for (const args of [[], [[1]], ["a"], [{ a: 1 }, 2], [null]]) expect(await any(...args)).toBe(args.length);
    const params = gate.bodiesOf("actions");
    expect(params).toMatchObject([
      { params: { args: [] } },
      { params: { args: [[1]] } },
      { params: { args: ["a"] } },
      { params: { args: [{ a: 1 }, 2] } },
      { params: { args: [null] } },
    ]);
  });

  it("is not called when the gate denies, and keeps its `this` when it is", async () => {
    await gateThat(echo);
    const account = {
      name: "main",
      show: gate.client.govern(function show(this: unknown) {
        return (this as { name: string }).name;
      }, OPTIONS),
    };
    expect(await account.show()).toBe("main");
    await gate.close();
    expect(await rejection(account.show())).toBeInstanceOf(FarameshConnectionError);
  });

  it("is called with the arguments that a person left after an edit", async () => {
    const params = { args: ["ls"] };
    await gateThat({ start: () => ({ body: claimedOf({ params, request_hash: hashOf({ ...INPUT, params }) }) }) });
    const shell = gate.client.govern((cmd: string) => `ran ${cmd}`, OPTIONS);
    expect(await shell("rm -rf /")).toBe("ran ls");
  });

  for (const params of [{ cmd: "ls" }, { args: "ls" }, { args: ["ls"], cwd: "/" }]) {
    it(`is not called when an edit left no list of arguments alone: ${JSON.stringify(params)}`, async () => {
      await gateThat({ start: () => ({ body: claimedOf({ params, request_hash: hashOf({ ...INPUT, params }) }) }) });
      const called: string[] = [];
      const shell = gate.client.govern((cmd: string) => called.push(cmd), OPTIONS);
      expect(await rejection(shell("rm -rf /"))).toMatchObject({ code: "bad_response" });
      expect(called).toEqual([]);
      expect(gate.bodiesOf("result")).toMatchObject([{ success: false }]);
    });
  }

  it("asks for its context anew at each call", async () => {
    await gateThat(echo);
    let calls = 0;
    const noop = gate.client.govern(() => {}, { ...OPTIONS, context: () => ({ call: ++calls }) });
    await noop();
    await noop();
    const contexts = gate.bodiesOf("actions");
    expect(contexts).toMatchObject([{ context: { call: 1 } }, { context: { call: 2 } }]);
  });
});
