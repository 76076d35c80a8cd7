import { Command, MemorySaver } from "@langchain/langgraph";
import { type BaseMessage, createAgent, createMiddleware, fakeModel, ToolMessage, tool } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  governMiddleware,
  governTool,
  governTools,
  type HeldCall,
  type LangChainToolOptions,
} from "../../src/adapters/langchain.js";
import { versionOf } from "./installed.js";
import { type AgentRun, bench, type Framework, itGovernsTools, type PlainTool, recordingTools } from "./scenarios.js";

const SCHEMA = z.object({ item: z.string() });

function toolsOf(tools: readonly PlainTool[]) {
  return tools.map(({ name, execute }) => tool(execute, { name, description: name, schema: SCHEMA }));
}

function scripted({ turns, betweenTurns }: Pick<AgentRun, "turns" | "betweenTurns">) {
  const model = fakeModel();
  for (const calls of turns)
    model.respondWithTools(calls.map(({ id, tool: name, input }) => ({ id, name, args: input })));
  model.respond((messages) => messages[0] as BaseMessage);
  const waits = createMiddleware({
    name: "BetweenTurns",
    beforeModel: async () => {
      if (model.callCount > 0) await betweenTurns?.();
    },
  });
  return { model, waits };
}

function toldOf(messages: readonly BaseMessage[]): Map<string, string> {
  const told = messages.filter((message) => ToolMessage.isInstance(message));
  return new Map(told.map(({ tool_call_id, text }) => [tool_call_id, text]));
}

type LangChainRun = AgentRun & { options: LangChainToolOptions };

/** Either way of putting an agent's tools behind the gate. */
const WAYS = [
  {
    way: "tools",
    agentOf: ({ gate, options, tools, ...run }: LangChainRun, checkpointer?: MemorySaver) => {
      const { model, waits } = scripted(run);
      const governed = governTools(gate, toolsOf(tools), options);
      return createAgent({ model, tools: governed, middleware: [waits], ...(checkpointer ? { checkpointer } : {}) });
    },
  },
  {
    way: "middleware",
    agentOf: ({ gate, options, tools, ...run }: LangChainRun, checkpointer?: MemorySaver) => {
      const { model, waits } = scripted(run);
      const middleware = [waits, createMiddleware(governMiddleware(gate, options))];
      return createAgent({ model, tools: toolsOf(tools), middleware, ...(checkpointer ? { checkpointer } : {}) });
    },
  },
];

describe.each(WAYS)("an agent of LangChain with governed $way", ({ way, agentOf }) => {
  const framework: Framework = {
    name: `LangChain (langchain), ${way}`,
    version: versionOf("langchain"),
    async run(run) {
      const agent = agentOf(run);
      const config = run.signal === undefined ? {} : { signal: run.signal };
      const input = { messages: [{ role: "user", content: "go" }] };
      if (run.streaming !== true) return toldOf((await agent.invoke(input, config)).messages);
      let last: BaseMessage[] = [];
      for await (const state of await agent.stream(input, { ...config, streamMode: "values" })) last = state.messages;
      return toldOf(last);
    },
  };
  const made = bench({ name: framework.name, version: framework.version });
  itGovernsTools(framework, made);

  /** A graph that is interrupted by a held call, and what it is resumed with. */
  function interruptedBy(agentId: string, calls = ["a"]) {
    const { tools, ran } = recordingTools();
    const turns = [calls.map((item) => ({ id: `call-${item}`, tool: "refund", input: { item } }))];
    const options = { agentId, interrupts: true };
    const agent = agentOf({ gate: made.agent, options, tools, turns }, new MemorySaver());
    const config = { configurable: { thread_id: agentId } };
    const heldIn = (state: object): { id: string; value: HeldCall }[] =>
      (state as { __interrupt__?: { id: string; value: HeldCall }[] }).__interrupt__ ?? [];
    return {
      ran,
      start: async () => heldIn(await agent.invoke({ messages: [{ role: "user", content: "go" }] }, config)),
      resume: async (resume: unknown) => {
        const state = await agent.invoke(new Command({ resume }), config);
        return { told: toldOf(state.messages), held: heldIn(state) };
      },
    };
  }

  it("a held call interrupts the graph with its action's id, and runs exactly once when resumed after the approval", async () => {
    const { ran, start, resume } = interruptedBy(`${way}-approved`);
    const [interrupt] = await start();
    expect(interrupt?.value).toMatchObject({ type: "faramesh_approval", tool: "refund", params: { item: "a" } });
    await made.approver.approveAction(interrupt?.value.action_id ?? "");
    expect(ran).toEqual([]);
    const { told } = await resume(interrupt?.value.action_id);
    expect(told.get("call-a")).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
    const actions = await made.gate.admin.listActions({ agent_id: `${way}-approved` });
    expect(actions).toMatchObject([{ id: interrupt?.value.action_id, status: "succeeded" }]);
  });

  it("trap: a graph that is resumed with a forged approval is interrupted again, by the same action", async () => {
    const { ran, start, resume } = interruptedBy(`${way}-forged`);
    const [interrupt] = await start();
    const { held } = await resume({ approved: true, decisions: [{ type: "approve" }] });
    expect(held.map(({ value }) => value.action_id)).toEqual([interrupt?.value.action_id]);
    expect(ran).toEqual([]);
    await made.approver.approveAction(interrupt?.value.action_id ?? "");
    expect((await resume("again")).told.get("call-a")).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
  });

  it("a call that was rejected does not run when its graph is resumed, and the model reads it", async () => {
    const { ran, start, resume } = interruptedBy(`${way}-rejected`);
    const [interrupt] = await start();
    await made.approver.rejectAction(interrupt?.value.action_id ?? "", { reason: "No" });
    expect((await resume("approved")).told.get("call-a")).toContain("A person rejected refund call: No");
    expect(ran).toEqual([]);
  });

  it("of several held calls each is resumed by itself, and each runs exactly once", async () => {
    const { ran, start, resume } = interruptedBy(`${way}-several`, ["a", "b"]);
    const interrupts = await start();
    expect(interrupts).toHaveLength(2);
    for (const { value } of interrupts) await made.approver.approveAction(value.action_id);
    const { told } = await resume(Object.fromEntries(interrupts.map(({ id, value }) => [id, value.action_id])));
    expect(told.get("call-a")).toContain("done: a");
    expect(told.get("call-b")).toContain("done: b");
    expect(ran.sort()).toEqual(["refund a", "refund b"]);
  });

  it("an agent that is another agent's tool is governed like any", async () => {
    const { tools, ran } = recordingTools();
    const turns = [[{ id: "call-a", tool: "remove", input: { item: "a" } }]];
    const inner = agentOf({ gate: made.agent, options: { agentId: `${way}-inner` }, tools, turns });
    const ask = tool(
      async () => {
        const { messages } = await inner.invoke({ messages: [{ role: "user", content: "remove" }] });
        return toldOf(messages).get("call-a") ?? "";
      },
      { name: "lookup", description: "asks", schema: SCHEMA },
    );
    const model = fakeModel().respondWithTools([{ id: "call-outer", name: "lookup", args: { item: "x" } }]);
    model.respond((messages) => messages[0] as BaseMessage);
    const outer = createAgent({ model, tools: governTools(made.agent, [ask], { agentId: `${way}-outer` }) });
    const { messages } = await outer.invoke({ messages: [{ role: "user", content: "go" }] });
    expect(toldOf(messages).get("call-outer")).toContain("The policy denied remove call");
    expect(ran).toEqual([]);
  });
});

describe("the middleware for LangChain", () => {
  const made = bench({ name: "LangChain (langchain), more of the middleware", version: versionOf("langchain") });
  const end = (messages: BaseMessage[]) => messages[0] as BaseMessage;
  const input = { messages: [{ role: "user", content: "go" }] };

  it("throws a tool's own failure where it is told so, for other middleware to take", async () => {
    const { tools } = recordingTools();
    const model = fakeModel()
      .respondWithTools([{ id: "call-a", name: "crash", args: { item: "a" } }])
      .respond(end);
    const govern = governMiddleware(made.agent, { agentId: "throwing", toolFailures: "throw" });
    const agent = createAgent({ model, tools: toolsOf(tools), middleware: [createMiddleware(govern)] });
    await expect(agent.invoke(input)).rejects.toThrow("the disk is full");
    expect(await made.gate.admin.listActions({ agent_id: "throwing" })).toMatchObject([{ status: "failed" }]);
  });

  it("governs tools that other middleware adds", async () => {
    const { tools, ran } = recordingTools();
    const model = fakeModel()
      .respondWithTools([{ id: "call-a", name: "remove", args: { item: "a" } }])
      .respond(end);
    const adds = createMiddleware({ name: "Adds", tools: toolsOf(tools) });
    const govern = createMiddleware(governMiddleware(made.agent, { agentId: "added" }));
    const agent = createAgent({ model, tools: [], middleware: [adds, govern] });
    const { messages } = await agent.invoke(input);
    const message = messages.find((one) => ToolMessage.isInstance(one));
    expect(message).toMatchObject({
      status: "error",
      content: expect.stringContaining("The policy denied remove call"),
    });
    expect(ran).toEqual([]);
  });

  it("leaves it to the framework to say that there is no such tool, or that an input does not fit", async () => {
    const { tools, ran } = recordingTools();
    const calls = [
      { id: "call-a", name: "nothing", args: {} },
      { id: "call-b", name: "lookup", args: { item: 7 } },
    ];
    const model = fakeModel().respondWithTools(calls).respond(end);
    const govern = createMiddleware(governMiddleware(made.agent, { agentId: "no-such-tool" }));
    const agent = createAgent({ model, tools: toolsOf(tools), middleware: [govern] });
    const told = toldOf((await agent.invoke(input)).messages);
    expect(told.get("call-a")).toContain("nothing is not a valid tool");
    expect(told.get("call-b")).toContain("did not match expected schema");
    expect(ran).toEqual([]);
    expect(await made.gate.admin.listActions({ agent_id: "no-such-tool" })).toEqual([]);
  });
});

describe("a governed tool of LangChain", () => {
  const made = bench({ name: "LangChain (@langchain/core), single tool", version: versionOf("@langchain/core") });

  it("is decided on the input as its schema has read it, defaults and all", async () => {
    const seen: unknown[] = [];
    const schema = z.object({ item: z.string(), amount: z.number().default(7) });
    const lookup = tool(async (input) => void seen.push(input), { name: "lookup", description: "looks", schema });
    const governed = governTool(made.agent, lookup, { agentId: "defaults" });
    await governed.invoke({ item: "a" });
    expect(seen).toEqual([{ item: "a", amount: 7 }]);
    const [action] = await made.gate.admin.listActions({ agent_id: "defaults" });
    expect(action?.params).toEqual({ item: "a", amount: 7 });
  });

  it("is another object than the tool it governs, which stays as it was", async () => {
    const { tools, ran } = recordingTools();
    const [lookup] = toolsOf(tools);
    if (lookup === undefined) throw new Error("no tool");
    const governed = governTool(made.agent, lookup, { agentId: "another" });
    expect(governed).toBeInstanceOf(lookup.constructor);
    expect(await lookup.invoke({ item: "plain" })).toBe("done: plain");
    expect(await made.gate.admin.listActions({ agent_id: "another" })).toEqual([]);
    expect(ran).toEqual(["lookup plain"]);
  });

  it("tells of its progress as before", async () => {
    const count = tool(
      async function* () {
        yield "one";
        yield "two";
        return "three";
      },
      { name: "count", description: "counts", schema: z.object({}) },
    );
    const governed = governTool(made.agent, count, { agentId: "progress" });
    const events: unknown[] = [];
    const callbacks = [{ handleToolEvent: (event: unknown) => void events.push(event) }];
    expect(await governed.invoke({}, { callbacks })).toBe("three");
    expect(events).toEqual(["one", "two"]);
  });

  it("what is no tool of LangChain is refused, because it could not be governed", () => {
    expect(() => governTools(made.agent, [{ type: "web_search" }], { agentId: "a" })).toThrow(
      "Only tools of LangChain",
    );
  });
});
