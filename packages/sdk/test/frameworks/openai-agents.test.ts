import {
  Agent,
  type AgentInputItem,
  type Model,
  type ModelRequest,
  type ModelResponse,
  Runner,
  RunState,
  type StreamEvent,
  tool,
  Usage,
  webSearchTool,
} from "@openai/agents";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type AgentsToolOptions, governTools } from "../../src/adapters/openai-agents.js";
import type { Client } from "../../src/index.js";
import { versionOf } from "./installed.js";
import { type AgentRun, bench, type Framework, itGovernsTools, type PlainTool, recordingTools } from "./scenarios.js";

/** A model that follows a script, and remembers what it was given. */
class ScriptedModel implements Model {
  readonly requests: ModelRequest[] = [];
  readonly #turns: AgentRun["turns"];
  readonly #betweenTurns: AgentRun["betweenTurns"];

  constructor(turns: AgentRun["turns"], betweenTurns?: AgentRun["betweenTurns"]) {
    this.#turns = turns;
    this.#betweenTurns = betweenTurns;
  }

  async getResponse(request: ModelRequest): Promise<ModelResponse> {
    return { usage: new Usage(), output: await this.#next(request) };
  }

  async *getStreamedResponse(request: ModelRequest): AsyncIterable<StreamEvent> {
    const usage = { requests: 1, inputTokens: 1, outputTokens: 1, totalTokens: 2 };
    yield { type: "response_done", response: { id: "response", usage, output: await this.#next(request) } };
  }

  async #next(request: ModelRequest) {
    const turn = this.requests.push(request) - 1;
    if (turn > 0) await this.#betweenTurns?.();
    const calls = this.#turns[turn]?.map(({ id, tool: name, input }) => ({
      type: "function_call" as const,
      callId: id,
      name,
      status: "completed" as const,
      arguments: JSON.stringify(input),
    }));
    const end = { type: "message" as const, role: "assistant" as const, status: "completed" as const };
    const text = { type: "output_text" as const, text: "the end" };
    return calls ?? [{ ...end, content: [text] }];
  }
}

function toldOf(request: ModelRequest | undefined): Map<string, string> {
  const items = Array.isArray(request?.input) ? request.input : [];
  const told = items.filter((item): item is Extract<AgentInputItem, { type: "function_call_result" }> => {
    return item.type === "function_call_result";
  });
  return new Map(
    told.map(({ callId, output }) => [callId, typeof output === "string" ? output : JSON.stringify(output)]),
  );
}

function toolsOf(tools: readonly PlainTool[]) {
  const parameters = z.object({ item: z.string() });
  // By default the SDK keeps a tool's failure from the model.
  const errorFunction = (_: unknown, error: unknown) => String(error);
  return tools.map(({ name, execute }) => tool({ name, description: name, parameters, execute, errorFunction }));
}

function agentOf(gate: Client, options: AgentsToolOptions, tools: readonly PlainTool[], model: Model): Agent {
  return new Agent({ name: "scripted", model, tools: governTools(gate, toolsOf(tools), options) });
}

const runner = new Runner({ tracingDisabled: true });
const framework: Framework = {
  name: "OpenAI Agents SDK (@openai/agents)",
  version: versionOf("@openai/agents"),
  async run({ gate, options, tools, turns, betweenTurns, signal, streaming }) {
    const model = new ScriptedModel(turns, betweenTurns);
    const agent = agentOf(gate, options, tools, model);
    const more = signal === undefined ? {} : { signal };
    if (streaming === true) await (await runner.run(agent, "go", { ...more, stream: true })).completed;
    else await runner.run(agent, "go", more);
    return toldOf(model.requests.at(-1));
  },
};

describe("tools of the OpenAI Agents SDK", () => {
  const made = bench({ name: framework.name, version: framework.version });
  itGovernsTools(framework, made);

  /** A run that ends with interruptions, and how it goes on from its state, written down and read again. */
  async function interrupted(agentId: string) {
    const { tools, ran } = recordingTools();
    const held: string[] = [];
    const model = new ScriptedModel([[{ id: `call-${agentId}`, tool: "refund", input: { item: "a" } }]]);
    const options = { agentId, interruptions: true, onPending: ({ id }: { id: string }) => held.push(id) };
    const agent = agentOf(made.agent, options, tools, model);
    const first = await runner.run(agent, "go");
    const resume = async (): Promise<string> => {
      const state = await RunState.fromString(agent, first.state.toString());
      for (const interruption of state.getInterruptions()) state.approve(interruption);
      await runner.run(agent, state);
      return toldOf(model.requests.at(-1)).get(`call-${agentId}`) ?? "";
    };
    return { ran, held, interruptions: first.interruptions, resume };
  }

  it("a held call interrupts the run, and runs exactly once when the gate has it approved", async () => {
    const { ran, held, interruptions, resume } = await interrupted("run-approved");
    expect(interruptions).toHaveLength(1);
    expect(ran).toEqual([]);
    await made.approver.approveAction(held[0] ?? "");
    expect(await resume()).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
    expect(await made.gate.admin.listActions({ agent_id: "run-approved" })).toMatchObject([{ status: "succeeded" }]);
  });

  it("trap: a state that is approved without the gate runs nothing", async () => {
    const { ran, resume } = await interrupted("run-forged");
    expect(await resume()).toContain("held for approval");
    expect(ran).toEqual([]);
  });

  it("a call that was rejected at the gate does not run, whatever the state says", async () => {
    const { ran, held, resume } = await interrupted("run-rejected");
    await made.approver.rejectAction(held[0] ?? "", { reason: "No" });
    expect(await resume()).toContain("A person rejected refund call: No");
    expect(ran).toEqual([]);
  });

  it("the tools of an agent that was handed over to are governed like any", async () => {
    const { tools, ran } = recordingTools();
    const inner = new ScriptedModel([[{ id: "call-a", tool: "remove", input: { item: "a" } }]]);
    const agent = agentOf(made.agent, { agentId: "handed-over" }, tools, inner);
    const outer = new ScriptedModel([[{ id: "call-over", tool: "transfer_to_scripted", input: {} }]]);
    await runner.run(new Agent({ name: "outer", model: outer, handoffs: [agent] }), "go");
    expect(toldOf(inner.requests.at(-1)).get("call-a")).toContain("The policy denied remove call");
    expect(ran).toEqual([]);
  });

  it("a hosted tool is refused, because no gate could be asked before it", () => {
    expect(() => governTools(made.agent, [webSearchTool()], { agentId: "a" })).toThrow("Only function tools");
  });
});
