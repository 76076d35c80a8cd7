import { FarameshConfigError } from "../errors.js";
import { readableError, type ToolGate, ToolGovernor, type ToolOptions } from "./tool-call.js";

export { ToolCallRefused, type ToolGate, type ToolName, type ToolOptions } from "./tool-call.js";

/** What Mastra gives a tool beside its input, as far as it is used. */
interface ToolContext {
  abortSignal?: AbortSignal | undefined;
  toolCallId?: string | undefined;
  agent?: { toolCallId?: string | undefined } | undefined;
}

type Execute = (input: unknown, context?: ToolContext) => unknown;

/**
 * The same tools for an `Agent` or a workflow of Mastra, each call of which asks the gate first.
 *
 * In its actions a tool is called as in `tools`, by its key. A call that may not run ends as a tool error whose
 * message the model can use. A tool that suspends itself has ended its action by that.
 *
 * @throws {@link FarameshConfigError} for a tool without `execute`: it runs elsewhere, where no gate is asked. Add such
 *   a tool beside the governed ones.
 */
export function governTools<T extends Record<string, object>>(gate: ToolGate, tools: T, options: ToolOptions): T {
  const governor = new ToolGovernor(gate, options);
  const entries = Object.entries(tools).map(([name, tool]): [string, object] => [name, governed(governor, name, tool)]);
  return Object.fromEntries(entries) as T;
}

function governed(governor: ToolGovernor, toolName: string, tool: { execute?: Execute }): object {
  const execute = tool.execute?.bind(tool);
  if (execute === undefined) {
    throw new FarameshConfigError(
      `The tool ${toolName} has no execute function, so the gate cannot be asked before it`,
    );
  }
  const governedExecute: Execute = async (input, context) => {
    const callId = context?.toolCallId ?? context?.agent?.toolCallId;
    const terms = { signal: context?.abortSignal };
    try {
      return await governor.run({ toolName, callId, input }, terms, (decided) => execute(decided, context));
    } catch (error) {
      throw readableError(error);
    }
  };
  // A copy that is still an instance of Mastra's own class; the tool itself stays as it is.
  const copy = Object.create(Object.getPrototypeOf(tool) as object) as object;
  return Object.assign(copy, tool, { execute: governedExecute });
}
