import { readableError, type ToolGate, ToolGovernor, type ToolOptions } from "./tool-call.js";

export { ToolCallRefused, type ToolGate, type ToolName, type ToolOptions } from "./tool-call.js";

/** A tool of LlamaIndex.TS, as far as it is used. */
interface LlamaIndexTool {
  metadata: { name: string };
  call: (input: unknown) => unknown;
  /** Gives the tool another argument beside its input, as workflows do. */
  bind?: ((argument: unknown) => LlamaIndexTool) | undefined;
}

/**
 * The same tools for an agent or a workflow of LlamaIndex.TS, each call of which asks the gate first.
 *
 * An action's params are the input as the model sent it; a schema's defaults come in after. A call that may not run
 * throws an error whose message the agent gives to the model. LlamaIndex.TS hands tools no signal: an aborted run does
 * not end a wait for a person, but `waitSeconds` does.
 *
 * @throws TypeError for what is not a tool with `metadata.name` and `call`.
 */
export function governTools<T extends object>(gate: ToolGate, tools: readonly T[], options: ToolOptions): T[] {
  const governor = new ToolGovernor(gate, options);
  return tools.map((tool) => governed(governor, tool) as T);
}

function governed(governor: ToolGovernor, tool: object): object {
  if (!isTool(tool)) throw new TypeError("Only tools with metadata.name and call can be governed");
  const { metadata } = tool;
  return {
    metadata,
    bind: (argument: unknown) => governed(governor, tool.bind?.(argument) ?? tool),
    call: async (input: unknown) => {
      try {
        return await governor.run({ toolName: metadata.name, input }, {}, (decided) => tool.call(decided));
      } catch (error) {
        throw readableError(error);
      }
    },
  };
}

function isTool(tool: object): tool is LlamaIndexTool {
  const { metadata, call } = tool as Partial<LlamaIndexTool>;
  return typeof metadata?.name === "string" && typeof call === "function";
}
