import type { Client } from "../client.js";
import { InvalidRequestError } from "../errors.js";
import { refusalText, type ToolCall, ToolGovernor, type ToolOptions } from "./tool-call.js";

export type { ToolName, ToolOptions } from "./tool-call.js";

/** How function tools of the OpenAI Agents SDK are governed. */
export interface AgentsToolOptions extends ToolOptions {
  /**
   * Uses the SDK's own approval flow: a call that the gate holds ends the run with an interruption. When the run goes
   * on with `state.approve(…)`, the gate is asked again, and its answer counts, not the state's.
   */
  interruptions?: boolean | undefined;
}

/** What a function tool is invoked with beside its context and input, as far as it is used. */
interface CallDetails {
  toolCall?: { callId?: string | undefined } | undefined;
  signal?: AbortSignal | undefined;
}

type Invoke = (context: unknown, input: string, details?: CallDetails) => Promise<unknown>;
type NeedsApproval = (context: unknown, input: unknown, callId?: string) => Promise<boolean>;

interface FunctionTool {
  type: "function";
  name: string;
  invoke: Invoke;
  needsApproval: NeedsApproval;
}

const PLACE = ["openai-agents"];

type Gate = Pick<Client, "executeIfAllowed" | "submitAction">;

/**
 * The same function tools for an `Agent` of the OpenAI Agents SDK, each call of which asks the gate first.
 *
 * An action's params are the arguments as the model sent them; a schema's defaults come in after. A call that may not
 * run is answered with a text that the model can use. What a tool's `errorFunction` makes of the tool's own failure
 * is a result, and reported so; with `errorFunction: null` the failure is.
 *
 * @throws TypeError for what is not a function tool: hosted tools run at the provider, where no gate is asked. Add
 *   such a tool beside the governed ones.
 */
export function governTools<T extends object>(gate: Gate, tools: readonly T[], options: AgentsToolOptions): T[] {
  const governor = new ToolGovernor(gate, options);
  return tools.map((tool) => governed(gate, governor, tool, options.interruptions === true) as T);
}

function governed(gate: Gate, governor: ToolGovernor, tool: object, interruptions: boolean): object {
  if (!isFunctionTool(tool)) throw new TypeError("Only function tools can be governed; the others run elsewhere");
  const callOf = (input: unknown, callId: string | undefined): ToolCall => ({ toolName: tool.name, callId, input });
  const invoke: Invoke = async (context, input, details) => {
    try {
      const call = callOf(parsedArguments(input), details?.toolCall?.callId);
      const idempotencyKey = interruptions ? await governor.keyOf(call, PLACE) : undefined;
      return await governor.run(call, { signal: details?.signal, idempotencyKey }, (decided) =>
        tool.invoke(context, decided === call.input ? input : JSON.stringify(decided), details),
      );
    } catch (error) {
      const text = refusalText(error);
      if (text === null) throw error;
      return text;
    }
  };
  if (!interruptions) return { ...tool, invoke };
  const needsApproval: NeedsApproval = async (context, input, callId) => {
    const call = callOf(input, callId);
    const isHeld = await governor.isHeld(gate, call, await governor.keyOf(call, PLACE));
    return isHeld || (await tool.needsApproval(context, input, callId));
  };
  return { ...tool, invoke, needsApproval };
}

function parsedArguments(text: string): unknown {
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new InvalidRequestError("The arguments are not JSON", { code: "invalid_request", cause });
  }
}

function isFunctionTool(tool: object): tool is FunctionTool {
  return "type" in tool && tool.type === "function" && "invoke" in tool && typeof tool.invoke === "function";
}
