import type { Action } from "@faramesh/protocol";
import { ApprovalRequired } from "../errors.js";
import {
  readableError,
  refusalText,
  type ToolCall,
  type ToolGate,
  ToolGovernor,
  type ToolOptions,
} from "./tool-call.js";

export { ToolCallRefused, type ToolGate, type ToolName, type ToolOptions } from "./tool-call.js";

/** What a held call interrupts its graph with. `action_id` is all that is needed to approve it. */
export interface HeldCall {
  type: "faramesh_approval";
  action_id: string;
  tool: string;
  operation: string;
  params: object;
  reason: string;
  approvers: readonly string[];
  expires_at: string | null;
}

/** How tools of LangChain are governed. */
export interface LangChainToolOptions extends ToolOptions {
  /**
   * Interrupts the graph where the gate holds a call, with a {@link HeldCall}; it needs a checkpointer and a
   * `thread_id`. Whatever the graph is resumed with, the gate is asked again, and its answer counts.
   */
  interrupts?: boolean | undefined;
}

/** The part of a tool's run-time config that is used. */
interface ToolConfig {
  signal?: AbortSignal | undefined;
  toolCall?: { id?: string | undefined } | undefined;
  toolCallId?: string | undefined;
  configurable?: Record<string, unknown> | undefined;
  interrupt?: ((value: HeldCall) => unknown) | undefined;
}

type CallTool = (input: unknown, runManager: unknown, config: ToolConfig | undefined) => unknown;

interface LangChainTool {
  name: string;
  _call: CallTool;
}

/** How a middleware governs the tools of its agent. */
export interface LangChainMiddlewareOptions extends LangChainToolOptions {
  /**
   * What becomes of a tool's own failure. `tell` (default): the model reads it, as without a middleware. `throw`: it
   * goes on to other middleware (`toolRetryMiddleware`, say), and ends the run if none takes it.
   */
  toolFailures?: "tell" | "throw" | undefined;
}

/** What `wrapToolCall` of a middleware is given, as far as it is used. */
interface ToolCallRequest {
  tool?: unknown;
  toolCall: { name: string };
  runtime?: { signal?: AbortSignal | undefined } | undefined;
}

/** The middleware's part: give it to `createMiddleware` of `langchain`. */
export interface GovernMiddleware {
  name: string;
  wrapToolCall: <Q extends ToolCallRequest, R>(request: Q, handler: (request: Q) => R | Promise<R>) => Promise<R>;
}

/**
 * The same tools for `createAgent`, `ToolNode` or a graph of one's own, each call of which asks the gate first.
 *
 * An action's params are the input as the tool's schema has read it. A call that may not run throws an error whose
 * message the model can use; a `ToolNode` gives it to the model as a message with status `error`.
 *
 * It stands around `_call`, which LangChain's own `invoke` leads to; a class with another `invoke` has to do the same.
 *
 * @throws TypeError for what is not a tool of LangChain 1.x (a server-side tool of a provider, say).
 */
export function governTools<T extends object>(gate: ToolGate, tools: readonly T[], options: LangChainToolOptions): T[] {
  const governor = new ToolGovernor(gate, options);
  return tools.map((tool) => governed(governor, tool, options.interrupts === true));
}

/** One tool, as {@link governTools} does it. */
export function governTool<T extends object>(gate: ToolGate, tool: T, options: LangChainToolOptions): T {
  return governed(new ToolGovernor(gate, options), tool, options.interrupts === true);
}

/**
 * A middleware that puts every tool of an agent behind the gate, also those that other middleware adds:
 * `createAgent({ model, tools, middleware: [createMiddleware(governMiddleware(gate, options))] })`.
 *
 * A call that may not run becomes a tool message with status `error` that the model can use. Put it last in the list,
 * so that it stands next to the tools: what an earlier middleware makes of a call is then what the gate sees.
 */
export function governMiddleware(gate: ToolGate, options: LangChainMiddlewareOptions): GovernMiddleware {
  const governor = new ToolGovernor(gate, options);
  const { interrupts = false, toolFailures = "tell" } = options;
  return {
    name: "FarameshGate",
    async wrapToolCall(request, handler) {
      const { tool, toolCall, runtime } = request;
      // The framework itself answers the model that there is no such tool.
      if (tool === undefined) return handler(request);
      try {
        return await handler({ ...request, tool: governed(governor, tool as object, interrupts) });
      } catch (error) {
        const isTold = toolFailures === "tell" && !isControl(error) && runtime?.signal?.aborted !== true;
        const text = refusalText(error) ?? (isTold ? String(error) : null);
        if (text === null) throw error;
        // The handler makes the message, so that it is one of the framework's own.
        const message = await handler({ ...request, tool: { name: toolCall.name, invoke: () => text } });
        if (typeof message === "object" && message !== null) Object.assign(message, { status: "error" });
        return message;
      }
    },
  };
}

/** What the framework throws to itself: an interrupt, or an input to be corrected. */
function isControl(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "is_bubble_up" in error || error.name === "ToolInvocationError";
}

function governed<T extends object>(governor: ToolGovernor, tool: T, interrupts: boolean): T {
  const { name, _call: call } = tool as Partial<LangChainTool>;
  if (typeof name !== "string" || typeof call !== "function") {
    throw new TypeError("Only tools of LangChain 1.x can be governed: with a name, and run by _call");
  }
  const governedCall: CallTool = async (input, runManager, config) => {
    const { signal } = config ?? {};
    const callId = config?.toolCall?.id ?? config?.toolCallId;
    const toolCall: ToolCall = { toolName: name, callId, input };
    const idempotencyKey = interrupts ? await stepKey(governor, toolCall, config?.configurable) : undefined;
    const execute = async (decided: unknown): Promise<unknown> => {
      const result = await call.call(tool, decided, runManager, config);
      return isAsyncGenerator(result) ? endOf(result, runManager) : result;
    };
    const ask = (): Promise<unknown> => governor.run(toolCall, { signal, idempotencyKey }, execute);
    try {
      return await (idempotencyKey === undefined ? ask() : interrupting(ask, config?.interrupt));
    } catch (error) {
      throw readableError(error);
    }
  };
  // The tool itself stays as it is: schema, callbacks and formats are reached through the prototype.
  return Object.create(tool, { _call: { value: governedCall } }) as T;
}

/** Asks, and interrupts the graph for as long as the gate holds the call. */
async function interrupting<R>(ask: () => Promise<R>, interrupt: ToolConfig["interrupt"]): Promise<R> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApprovalRequired) || interrupt === undefined) throw error;
      // Throws the graph's own interrupt, until the graph is resumed. What it is resumed with is nobody's word.
      interrupt(heldCall(error.action));
    }
  }
}

function heldCall({ id, tool, operation, params, reason, approval }: Action): HeldCall {
  const approvers = approval?.approvers ?? [];
  const expires_at = approval?.expires_at ?? null;
  return { type: "faramesh_approval", action_id: id, tool, operation, params, reason, approvers, expires_at };
}

/** The key of a call in a graph: its step has one namespace, however often it is resumed. */
async function stepKey(
  governor: ToolGovernor,
  call: ToolCall,
  configurable: ToolConfig["configurable"],
): Promise<string | undefined> {
  const { thread_id: thread, checkpoint_ns: step } = configurable ?? {};
  if (typeof thread !== "string" || typeof step !== "string") return undefined;
  return governor.keyOf(call, ["langgraph", thread, step]);
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator<unknown, unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

/** What a tool returns that tells of its progress meanwhile. */
async function endOf(generator: AsyncGenerator<unknown, unknown>, runManager: unknown): Promise<unknown> {
  const progress = runManager as { handleToolEvent?: (event: unknown) => Promise<void> } | undefined;
  for (;;) {
    const step = await generator.next();
    if (step.done === true) return step.value;
    await progress?.handleToolEvent?.(step.value);
  }
}
