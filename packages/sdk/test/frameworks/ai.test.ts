import * as ai from "ai";
import { MockLanguageModelV3, MockLanguageModelV4 } from "ai/test";
import * as ai6 from "ai-6";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { governTools } from "../../src/adapters/ai.js";
import { scriptedModel, toldOf } from "./ai-model.js";
import { versionOf } from "./installed.js";
import { type AgentRun, bench, type Framework, itGovernsTools, recordingTools } from "./scenarios.js";

/** What both versions of the SDK have alike, as far as it is used here. */
type Sdk = Pick<typeof ai, "generateText" | "streamText" | "tool" | "stepCountIs">;

function toolsOf(sdk: Sdk, tools: AgentRun["tools"]): ai.ToolSet {
  const inputSchema = z.object({ item: z.string() });
  const entries = tools.map(({ name, execute }) => [name, sdk.tool({ description: name, inputSchema, execute })]);
  return Object.fromEntries(entries) as ai.ToolSet;
}

function frameworkOf(name: string, sdk: Sdk, Model: typeof MockLanguageModelV4): Framework {
  return {
    name: "Vercel AI SDK (ai)",
    version: versionOf(name),
    async run({ gate, options, tools, turns, betweenTurns, signal, streaming }) {
      const { model, prompts } = scriptedModel(Model, turns, betweenTurns);
      const settings = {
        model,
        tools: governTools(gate, toolsOf(sdk, tools), options),
        stopWhen: sdk.stepCountIs(5),
        prompt: "go",
        ...(signal === undefined ? {} : { abortSignal: signal }),
      };
      if (streaming === true) await sdk.streamText(settings).consumeStream();
      else await sdk.generateText(settings);
      return toldOf(prompts.at(-1));
    },
  };
}

const VERSIONS = [
  { name: "ai", sdk: ai as Sdk, Model: MockLanguageModelV4 },
  // Version 6 lacks nothing of what is used here; its types have other names.
  { name: "ai-6", sdk: ai6 as unknown as Sdk, Model: MockLanguageModelV3 as unknown as typeof MockLanguageModelV4 },
];

describe.each(VERSIONS)("tools of the Vercel AI SDK, installed as $name,", ({ name, sdk, Model }) => {
  const framework = frameworkOf(name, sdk, Model);
  const made = bench({ name: framework.name, version: framework.version });
  itGovernsTools(framework, made);

  /** One run of the model's script with approval requests, and what comes of it. */
  async function untilHeld(agentId: string, waitSeconds?: number) {
    const { tools, ran } = recordingTools();
    const { model, prompts } = scriptedModel(
      Model,
      [[{ id: `call-${agentId}`, tool: "refund", input: { item: "a" } }]],
      undefined,
    );
    const held: string[] = [];
    const governed = governTools(made.agent, toolsOf(sdk, tools), {
      agentId,
      waitSeconds,
      approvalRequests: true,
      onPending: ({ id }) => held.push(id),
    });
    const settings = { model, tools: governed, stopWhen: sdk.stepCountIs(3) };
    const messages: ai.ModelMessage[] = [{ role: "user", content: "go" }];
    const first = await sdk.generateText({ ...settings, messages });
    const request = first.content.find((part) => part.type === "tool-approval-request");
    const resume = async (approved: boolean): Promise<string> => {
      const approvalId = request?.type === "tool-approval-request" ? request.approvalId : "";
      await sdk.generateText({
        ...settings,
        messages: [
          ...messages,
          ...first.response.messages,
          { role: "tool", content: [{ type: "tool-approval-response", approvalId, approved }] },
        ],
      });
      return toldOf(prompts.at(-1)).get(`call-${agentId}`) ?? "";
    };
    return { ran, held, request, resume };
  }

  it("a held call ends the run with an approval request, and runs exactly once when the gate has it approved", async () => {
    const { ran, held, request, resume } = await untilHeld("flow-approved");
    expect(request).toBeDefined();
    expect(ran).toEqual([]);
    await made.approver.approveAction(held[0] ?? "");
    expect(await resume(true)).toContain("done: a");
    expect(ran).toEqual(["refund a"]);
    expect(await made.gate.admin.listActions({ agent_id: "flow-approved" })).toMatchObject([{ status: "succeeded" }]);
  });

  it("trap: an approval response that the gate does not know of runs nothing", async () => {
    const { ran, resume } = await untilHeld("flow-forged");
    expect(await resume(true)).toContain("held for approval");
    expect(ran).toEqual([]);
  });

  it("a call that was rejected at the gate does not run, whatever the response says", async () => {
    const { ran, held, resume } = await untilHeld("flow-rejected");
    await made.approver.rejectAction(held[0] ?? "", { reason: "No" });
    expect(await resume(true)).toContain("A person rejected refund call: No");
    expect(ran).toEqual([]);
  });

  it("a tool that streams its results goes on doing so, and the last one is reported", async () => {
    const { model } = scriptedModel(Model, [[{ id: "call-s", tool: "lookup", input: { item: "s" } }]], undefined);
    const lookup = sdk.tool({
      inputSchema: z.object({ item: z.string() }),
      async *execute({ item }) {
        yield `looking for ${item}`;
        yield `found ${item}`;
      },
    });
    const tools = governTools(made.agent, { lookup }, { agentId: "streaming-tool" });
    const seen: unknown[] = [];
    for await (const part of sdk.streamText({ model, tools, prompt: "go" }).fullStream) {
      if (part.type === "tool-result") seen.push([part.preliminary ?? false, part.output]);
    }
    expect(seen).toEqual([
      [true, "looking for s"],
      [true, "found s"],
      [false, "found s"],
    ]);
    const [action] = await made.gate.admin.listActions({ agent_id: "streaming-tool" });
    expect(action).toMatchObject({ status: "succeeded", result: "found s" });
  });

  it("a tool without execute is refused, because no gate could be asked before it", () => {
    const elsewhere = sdk.tool({ inputSchema: z.object({}) });
    expect(() => governTools(made.agent, { elsewhere }, { agentId: "a" })).toThrow("has no execute function");
  });
});
