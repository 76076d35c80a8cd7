import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ToolOptions } from "../../src/adapters/ai.js";
import { type Client, createClient } from "../../src/index.js";
import { claimedOf, hashOf } from "../fake-gate.js";
import { type RunningGate, startGate } from "../running-gate.js";
import { type ScriptedGate, startScriptedGate } from "../scripted-gate.js";

const RESULTS = fileURLToPath(new URL("../../../../.test-results/frameworks/", import.meta.url));

const POLICY = `version: 1
name: frameworks
rules:
  - id: lookup
    match: { tool: [lookup, crash, count], operation: call }
    allow: true
  - id: remove
    match: { tool: remove }
    deny: true
    reason: Deleting is never automatic
  - id: refund
    match: { tool: refund }
    require_approval: true
    reason: Refunds need a person
`;

/** A call that the scripted model makes. */
export interface ScriptedCall {
  id: string;
  tool: string;
  input: Record<string, string>;
}

/** A tool as every framework is given it: one text goes in, one comes out. */
export interface PlainTool {
  name: string;
  execute: (input: { item: string }) => Promise<string>;
}

export interface AgentRun {
  gate: Client;
  options: ToolOptions;
  tools: readonly PlainTool[];
  /** What the model calls, turn by turn. After the last turn it ends with a text. */
  turns: readonly (readonly ScriptedCall[])[];
  signal?: AbortSignal | undefined;
  streaming?: boolean;
  /** Told before each turn but the first. */
  betweenTurns?: (() => Promise<void>) | undefined;
}

/** A framework, with its own agent loop and a model that follows a script. */
export interface Framework {
  /** As it stands in the compatibility table. */
  name: string;
  version: string;
  /** Runs an agent to its end, and answers with what the model was told of each call, by the call's id. */
  run(run: AgentRun): Promise<Map<string, string>>;
}

/** The tools of the scripted agent, with what they were called with. */
export function recordingTools(): { tools: PlainTool[]; ran: string[] } {
  const ran: string[] = [];
  const tool = (name: string): PlainTool => ({
    name,
    execute: async ({ item }) => {
      ran.push(`${name} ${item}`);
      if (name === "crash") throw new Error("the disk is full");
      return `done: ${item}`;
    },
  });
  return { tools: ["lookup", "crash", "remove", "refund"].map(tool), ran };
}

/** What every framework's tests begin with. */
export interface Bench {
  gate: RunningGate;
  agent: Client;
  approver: Client;
}

/** A gate for a file's tests, and a record of which of them passed, for the compatibility table. */
export function bench(framework: Pick<Framework, "name" | "version">): Bench {
  const made = {} as Bench;
  const cases: { name: string; passed: boolean }[] = [];
  beforeAll(async () => {
    made.gate = await startGate("SQLite", POLICY);
    made.agent = await made.gate.clientAs("agent");
    made.approver = await made.gate.clientAs("approver");
  });
  afterEach(({ task }) => {
    const name = task.suite?.name === "streaming: true" ? `${task.name} (streaming)` : task.name;
    cases.push({ name, passed: task.result?.state === "pass" });
  });
  afterAll(async () => {
    await made.gate.stop();
    mkdirSync(RESULTS, { recursive: true });
    const file = `${RESULTS}${`${framework.name} ${framework.version}`.replace(/[^\w.]+/g, "-")}.json`;
    writeFileSync(file, `${JSON.stringify({ language: "TypeScript", ...framework, cases }, null, 2)}\n`);
  });
  return made;
}

/**
 * What a governed tool does in every framework.
 *
 * @param capabilities - `hasSignal`: whether the framework hands its signal to tools.
 */
export function itGovernsTools(framework: Framework, made: Bench, { hasSignal = true } = {}): void {
  let agentId: string;
  let count = 0;
  beforeEach(() => {
    agentId = `agent-${++count}`;
  });

  const call = (tool: string, item: string): ScriptedCall => ({ id: `call-${item}`, tool, input: { item } });
  const start = (turns: AgentRun["turns"], more: Partial<AgentRun> & { extra?: Partial<ToolOptions> } = {}) => {
    const { tools, ran } = recordingTools();
    const { extra, ...rest } = more;
    const told = framework.run({ gate: made.agent, tools, turns, options: { agentId, ...extra }, ...rest });
    return { told, ran };
  };
  const actions = () => made.gate.admin.listActions({ agent_id: agentId });
  /** Approves an action that nobody waits for any more: it stays approved, and is not claimed. */
  const approveInVain = async (id: string): Promise<void> => {
    await made.approver.approveAction(id);
    const later = await made.gate.admin.getAction(id, { waitSeconds: 0.5, knownStatus: "approved" });
    expect(later.status).toBe("approved");
  };
  const ofCall = async (told: Promise<Map<string, string>>, id: string) => (await told).get(`call-${id}`) ?? "";

  describe.each([false, true])("streaming: %s", (streaming) => {
    it("an allowed call runs once, is reported, and the model gets its result", async () => {
      const { told, ran } = start([[call("lookup", "a")]], { streaming });
      expect(await ofCall(told, "a")).toContain("done: a");
      expect(ran).toEqual(["lookup a"]);
      const [action, ...others] = await actions();
      expect(others).toEqual([]);
      expect(action).toMatchObject({ tool: "lookup", operation: "call", params: { item: "a" }, status: "succeeded" });
    });

    it("a denied call does not run, and the model reads why", async () => {
      const { told, ran } = start([[call("remove", "a")]], { streaming });
      expect(await ofCall(told, "a")).toContain(
        "The policy denied remove call: Deleting is never automatic (POLICY_DENY)",
      );
      expect(ran).toEqual([]);
    });

    it("calls made in parallel are decided and run each for itself", async () => {
      const calls = [call("lookup", "a"), call("remove", "b"), call("lookup", "c"), call("refund", "d")];
      const { told, ran } = start([calls], { streaming });
      expect(await ofCall(told, "a")).toContain("done: a");
      expect(await ofCall(told, "b")).toContain("did not run");
      expect(await ofCall(told, "c")).toContain("done: c");
      expect(await ofCall(told, "d")).toContain("held for approval");
      expect(ran.sort()).toEqual(["lookup a", "lookup c"]);
    });
  });

  it("a rejected call does not run, and the model reads it", async () => {
    const reject = (action: { id: string }) =>
      void made.approver.rejectAction(action.id, { reason: "Not this customer" });
    const { told, ran } = start([[call("refund", "a")]], { extra: { waitSeconds: 20, onPending: reject } });
    expect(await ofCall(told, "a")).toContain("A person rejected refund call: Not this customer");
    expect(ran).toEqual([]);
  });

  it("a call that nobody approves while it waits does not run, then or when it is approved later", async () => {
    const { told, ran } = start([[call("refund", "a")]], { extra: { waitSeconds: 0.2 } });
    const answer = await ofCall(told, "a");
    const [action] = await actions();
    expect(answer).toContain(`held for approval by an approver`);
    expect(answer).toContain(`Action ${action?.id}. Once it is approved, retry with exactly the same input`);
    await approveInVain(action?.id ?? "");
    expect(ran).toEqual([]);
  });

  it("trap: without a gate to ask nothing runs, and the model reads it", async () => {
    const nobody = createClient({ url: "http://127.0.0.1:1", apiKey: null, retries: 0 });
    const { told, ran } = start([[call("lookup", "a")]], { gate: nobody });
    expect(await ofCall(told, "a")).toContain(
      "The call did not run, because the gate gave no permission (unreachable)",
    );
    expect(ran).toEqual([]);
  });

  it("a call that is approved while it waits runs exactly once", async () => {
    const approve = (action: { id: string }) => void made.approver.approveAction(action.id);
    const { told, ran } = start([[call("refund", "a")]], { extra: { waitSeconds: 20, onPending: approve } });
    expect(await ofCall(told, "a")).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
    expect((await actions()).map(({ status }) => status)).toEqual(["succeeded"]);
  });

  it("a held call that the model makes again once it is approved is the same action, and runs exactly once", async () => {
    const again = { ...call("refund", "a"), id: "call-again" };
    const { told, ran } = start([[call("refund", "a")], [again]], {
      betweenTurns: async () => {
        const [held] = await actions();
        if (held?.status === "pending_approval") await made.approver.approveAction(held.id);
      },
    });
    expect(await ofCall(told, "a")).toContain("It did not run");
    expect(await ofCall(told, "again")).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
    expect((await actions()).map(({ status }) => status)).toEqual(["succeeded"]);
  });

  if (hasSignal) {
    it("a call whose run is aborted while it waits does not run", async () => {
      const abort = new AbortController();
      const extra = { waitSeconds: 600, onPending: () => abort.abort(new Error("the user left")) };
      const { told, ran } = start([[call("refund", "a")]], { extra, signal: abort.signal });
      await told.catch(() => {});
      const [action] = await actions();
      expect(action?.status).toBe("pending_approval");
      await approveInVain(action?.id ?? "");
      expect(ran).toEqual([]);
    });
  }

  it("a tool's own failure reaches the model", async () => {
    const { told, ran } = start([[call("crash", "a")]]);
    expect(await ofCall(told, "a")).toContain("the disk is full");
    expect(ran).toEqual(["crash a"]);
  });

  it("the name of a tool in its actions, and their context, are the program's to say", async () => {
    const extra = {
      actionName: (name: string) => ({ tool: "warehouse", operation: name }),
      context: ({ toolName }: { toolName: string }) => ({ through: toolName }),
    };
    const { told, ran } = start([[call("lookup", "a")]], { extra });
    expect(await ofCall(told, "a")).toContain("did not run");
    expect(ran).toEqual([]);
    const [action] = await actions();
    expect(action).toMatchObject({ tool: "warehouse", operation: "lookup", context: { through: "lookup" } });
  });

  it("what a person made of the params is what runs", async () => {
    const edited = { agent_id: agentId, tool: "refund", operation: "call", params: { item: "less" } };
    const scripted: ScriptedGate = await startScriptedGate({
      start: () => ({ body: claimedOf({ ...edited, request_hash: hashOf(edited) }) }),
    });
    const { told, ran } = start([[call("refund", "much")]], { gate: scripted.client });
    expect(await ofCall(told, "much")).toContain("done: less");
    expect(ran).toEqual(["refund less"]);
    await scripted.close();
  });
}
