import { convertArrayToReadableStream, type MockLanguageModelV4 } from "ai/test";
import type { AgentRun, ScriptedCall } from "./scenarios.js";

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

type StreamOf<S> = S extends ReadableStream<infer P> ? P : never;
type StreamPart = StreamOf<Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"]>;

/** The messages that a model is given, as far as they are read here. */
type Prompt = readonly { role: string; content: unknown }[];
interface ResultPart {
  type: string;
  toolCallId: string;
  output: { type: string; value?: unknown; reason?: string };
}

/** A model that follows a script, and the prompts that it was given. */
export function scriptedModel(
  Model: typeof MockLanguageModelV4,
  turns: AgentRun["turns"],
  betweenTurns: AgentRun["betweenTurns"],
) {
  const prompts: Prompt[] = [];
  const next = async ({ prompt }: { prompt: Prompt }) => {
    const turn = prompts.push(prompt) - 1;
    if (turn > 0) await betweenTurns?.();
    const calls = turns[turn];
    const content = calls?.map(toolCall) ?? [{ type: "text" as const, text: "the end" }];
    const unified = calls === undefined ? ("stop" as const) : ("tool-calls" as const);
    return { content, finishReason: { unified, raw: undefined }, usage: USAGE, warnings: [] };
  };
  const model = new Model({
    doGenerate: next,
    doStream: async (options: { prompt: Prompt }) => {
      const { content, finishReason, usage } = await next(options);
      const parts = content.flatMap((part): StreamPart[] =>
        part.type === "text"
          ? [
              { type: "text-start", id: "1" },
              { type: "text-delta", id: "1", delta: part.text },
              { type: "text-end", id: "1" },
            ]
          : [part],
      );
      const stream = convertArrayToReadableStream<StreamPart>([...parts, { type: "finish", finishReason, usage }]);
      return { stream };
    },
  });
  return { model, prompts };
}

function toolCall({ id, tool, input }: ScriptedCall) {
  return { type: "tool-call" as const, toolCallId: id, toolName: tool, input: JSON.stringify(input) };
}

/** What a prompt says of each call. */
export function toldOf(prompt: Prompt = []): Map<string, string> {
  const parts = prompt.filter(({ role }) => role === "tool").flatMap(({ content }) => content as ResultPart[]);
  return new Map(
    parts.filter(({ type }) => type === "tool-result").map(({ toolCallId, output }) => [toolCallId, textOf(output)]),
  );
}

function textOf({ value, reason, type }: ResultPart["output"]): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? reason ?? type);
}
