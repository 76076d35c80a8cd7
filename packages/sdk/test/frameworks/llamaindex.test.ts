import { agent } from "@llamaindex/workflow";
import { type ChatMessage, type ChatResponse, type ChatResponseChunk, ToolCallLLM, tool } from "llamaindex";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { governTools } from "../../src/adapters/llamaindex.js";
import { versionOf } from "./installed.js";
import { type AgentRun, bench, type Framework, itGovernsTools, type PlainTool, recordingTools } from "./scenarios.js";

/** A model that follows a script, and remembers what it was given. */
class ScriptedLlm extends ToolCallLLM {
  readonly supportToolCall = true;
  readonly metadata = {
    model: "scripted",
    temperature: 0,
    topP: 1,
    contextWindow: 100_000,
    tokenizer: undefined,
    structuredOutput: false,
  };
  readonly prompts: ChatMessage[][] = [];
  readonly #run: Pick<AgentRun, "turns" | "betweenTurns">;

  constructor(run: Pick<AgentRun, "turns" | "betweenTurns">) {
    super();
    this.#run = run;
  }

  chat(params: { messages: ChatMessage[]; stream: true }): Promise<AsyncIterable<ChatResponseChunk>>;
  chat(params: { messages: ChatMessage[] }): Promise<ChatResponse<object>>;
  async chat({
    messages,
  }: {
    messages: ChatMessage[];
  }): Promise<AsyncIterable<ChatResponseChunk> | ChatResponse<object>> {
    const { turns, betweenTurns } = this.#run;
    const turn = this.prompts.push([...messages]) - 1;
    if (turn > 0) await betweenTurns?.();
    const calls = turns[turn]?.map(({ id, tool: name, input }) => ({ id, name, input }));
    const chunk = calls === undefined ? { delta: "the end" } : { delta: "", options: { toolCall: calls } };
    return (async function* () {
      yield { raw: null, ...chunk } as ChatResponseChunk;
    })();
  }
}

function toolsOf(tools: readonly PlainTool[]) {
  const parameters = z.object({ item: z.string() });
  return tools.map(({ name, execute }) => tool({ name, description: name, parameters, execute }));
}

function toldOf(messages: readonly ChatMessage[] = []): Map<string, string> {
  const told = new Map<string, string>();
  for (const { options } of messages as readonly ChatMessage<{ toolResult?: { id: string; result: string } }>[]) {
    const result = options?.toolResult;
    if (result !== undefined) told.set(result.id, result.result);
  }
  return told;
}

const framework: Framework = {
  name: "LlamaIndex.TS (llamaindex)",
  version: versionOf("llamaindex"),
  async run({ gate, options, tools, turns, betweenTurns, streaming }) {
    const llm = new ScriptedLlm({ turns, betweenTurns });
    const scripted = agent({ llm, tools: governTools(gate, toolsOf(tools), options), verbose: false });
    if (streaming === true) {
      for await (const _ of scripted.runStream("go"));
    } else {
      await scripted.run("go");
    }
    return toldOf(llm.prompts.at(-1));
  },
};

describe("tools of LlamaIndex.TS", () => {
  const made = bench({ name: framework.name, version: framework.version });
  itGovernsTools(framework, made, { hasSignal: false });

  it("a tool that is given another argument is governed still", async () => {
    const { tools, ran } = recordingTools();
    const [, , remove] = governTools(made.agent, toolsOf(tools), { agentId: "bound" });
    await expect(Promise.resolve(remove?.bind({ session: 1 }).call({ item: "a" }))).rejects.toThrow(
      "The policy denied",
    );
    expect(ran).toEqual([]);
  });
});
