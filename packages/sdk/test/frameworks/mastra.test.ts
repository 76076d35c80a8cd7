import { Agent } from "@mastra/core/agent";
import { createTool, Tool } from "@mastra/core/tools";
import { MockLanguageModelV4 } from "ai/test";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { governTools } from "../../src/adapters/mastra.js";
import { scriptedModel, toldOf } from "./ai-model.js";
import { versionOf } from "./installed.js";
import { bench, type Framework, itGovernsTools, type PlainTool, recordingTools } from "./scenarios.js";

type AgentModel = ConstructorParameters<typeof Agent>[0]["model"];

function toolsOf(tools: readonly PlainTool[]) {
  const inputSchema = z.object({ item: z.string() });
  const made = tools.map(({ name, execute }) => createTool({ id: name, description: name, inputSchema, execute }));
  return Object.fromEntries(made.map((tool) => [tool.id, tool]));
}

const framework: Framework = {
  name: "Mastra (@mastra/core)",
  version: versionOf("@mastra/core"),
  async run({ gate, options, tools, turns, betweenTurns, signal, streaming }) {
    const { model, prompts } = scriptedModel(MockLanguageModelV4, turns, betweenTurns);
    const governed = governTools(gate, toolsOf(tools), options);
    // Mastra takes any model of this specification; its types ask for one of its own.
    const agent = new Agent({
      id: "scripted",
      name: "scripted",
      instructions: "go",
      model: model as unknown as AgentModel,
      tools: governed,
    });
    const settings = { maxSteps: 5, ...(signal === undefined ? {} : { abortSignal: signal }) };
    if (streaming === true) await (await agent.stream("go", settings)).consumeStream();
    else await agent.generate("go", settings);
    return toldOf(prompts.at(-1));
  },
};

describe("tools of Mastra", () => {
  const made = bench({ name: framework.name, version: framework.version });
  itGovernsTools(framework, made);

  it("stay tools of Mastra's own class, and the ones they govern stay as they were", async () => {
    const { tools, ran } = recordingTools();
    const plain = toolsOf(tools);
    const governed = governTools(made.agent, plain, { agentId: "class" });
    expect(governed["lookup"]).toBeInstanceOf(Tool);
    expect(governed["lookup"]).not.toBe(plain["lookup"]);
    await plain["lookup"]?.execute?.({ item: "plain" }, {} as never);
    expect(ran).toEqual(["lookup plain"]);
    expect(await made.gate.admin.listActions({ agent_id: "class" })).toEqual([]);
  });

  it("a tool without execute is refused, because no gate could be asked before it", () => {
    const elsewhere = createTool({ id: "elsewhere", description: "runs in a browser" });
    expect(() => governTools(made.agent, { elsewhere }, { agentId: "a" })).toThrow("has no execute function");
  });
});
