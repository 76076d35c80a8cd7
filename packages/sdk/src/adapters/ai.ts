import type { Client } from "../client.js";
import { FarameshConfigError } from "../errors.js";
import type { Run } from "../guard.js";
import { readableError, type ToolCall, ToolGovernor, type ToolOptions } from "./tool-call.js";

export { ToolCallRefused, type ToolName, type ToolOptions } from "./tool-call.js";

/** How tools of the AI SDK are governed. */
export interface AiToolOptions extends ToolOptions {
  /**
   * Uses the AI SDK's approval flow: a call that the gate holds ends the run with a `tool-approval-request`. When the
   * run goes on with a response to it, the gate is asked again, and its answer counts, not the response's.
   */
  approvalRequests?: boolean | undefined;
}

/** What the AI SDK (5 to 7) gives a tool beside its input, as far as it is used. */
interface ExecuteOptions {
  toolCallId: string;
  abortSignal?: AbortSignal | undefined;
}

type Execute = (input: unknown, options: ExecuteOptions) => unknown;
type NeedsApproval = boolean | ((input: unknown, options: { toolCallId: string }) => boolean | PromiseLike<boolean>);

interface AiTool {
  execute?: Execute | undefined;
  needsApproval?: NeedsApproval | undefined;
}

/**
 * The same tools for `generateText`, `streamText` or an agent of the AI SDK, each call of which asks the gate first.
 *
 * An action's params are the input as the tool's schema has read it. A tool that streams its results (an async
 * generator) goes on doing so. A call that may not run ends as a `tool-error` whose message the model can use.
 *
 * @throws {@link FarameshConfigError} for a tool without `execute`: it runs in a browser or at the provider, where
 *   no gate is asked. Add such a tool beside the governed ones.
 */
export function governTools<T extends Record<string, object>>(
  gate: Pick<Client, "executeIfAllowed" | "submitAction">,
  tools: T,
  options: AiToolOptions,
): T {
  const governor = new ToolGovernor(gate, options);
  const entries = Object.entries(tools).map(([name, tool]): [string, object] => [
    name,
    new GovernedTool(gate, governor, name, tool, options.approvalRequests === true).asTool(),
  ]);
  return Object.fromEntries(entries) as T;
}

class GovernedTool {
  readonly #gate: Pick<Client, "submitAction">;
  readonly #governor: ToolGovernor;
  readonly #name: string;
  readonly #tool: AiTool;
  readonly #execute: Execute;
  readonly #approvalRequests: boolean;

  constructor(
    gate: Pick<Client, "submitAction">,
    governor: ToolGovernor,
    name: string,
    tool: AiTool,
    approvalRequests: boolean,
  ) {
    if (typeof tool.execute !== "function") {
      throw new FarameshConfigError(`The tool ${name} has no execute function, so the gate cannot be asked before it`);
    }
    this.#gate = gate;
    this.#governor = governor;
    this.#name = name;
    this.#tool = tool;
    this.#execute = tool.execute.bind(tool);
    this.#approvalRequests = approvalRequests;
  }

  asTool(): object {
    const streams = Object.prototype.toString.call(this.#tool.execute) === "[object AsyncGeneratorFunction]";
    const execute: Execute = streams
      ? (input, options) => this.#stream(input, options)
      : (input, options) => this.#run(input, options, (decided) => this.#execute(decided, options));
    if (!this.#approvalRequests) return { ...this.#tool, execute };
    return {
      ...this.#tool,
      execute,
      needsApproval: (input: unknown, options: { toolCallId: string }) => this.#needsApproval(input, options),
    };
  }

  async #run<R>(
    input: unknown,
    { toolCallId, abortSignal }: ExecuteOptions,
    execute: (input: unknown, run: Run) => R | PromiseLike<R>,
  ): Promise<R> {
    const call = this.#callOf(input, toolCallId);
    try {
      const idempotencyKey = this.#approvalRequests ? await this.#keyOf(call) : undefined;
      return await this.#governor.run(call, { signal: abortSignal, idempotencyKey }, execute);
    } catch (error) {
      throw readableError(error);
    }
  }

  async *#stream(input: unknown, options: ExecuteOptions): AsyncGenerator<unknown> {
    const values: unknown[] = [];
    let wake = (): void => {};
    let ended = false;
    const done = this.#run(input, options, async (decided) => {
      let last: unknown;
      for await (last of this.#execute(decided, options) as AsyncIterable<unknown>) {
        values.push(last);
        wake();
      }
      return last;
    }).finally(() => {
      ended = true;
      wake();
    });
    // Awaited below; a failure while the consumer is busy must not count as one that nobody caught.
    done.catch(() => {});
    while (!ended || values.length > 0) {
      if (values.length > 0) yield values.shift();
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    await done;
  }

  async #needsApproval(input: unknown, options: { toolCallId: string }): Promise<boolean> {
    const call = this.#callOf(input, options.toolCallId);
    if (await this.#governor.isHeld(this.#gate, call, await this.#keyOf(call))) return true;
    const { needsApproval } = this.#tool;
    return typeof needsApproval === "function" ? await needsApproval(input, options) : needsApproval === true;
  }

  #callOf(input: unknown, callId: string): ToolCall {
    return { toolName: this.#name, callId, input };
  }

  #keyOf(call: ToolCall): Promise<string> {
    return this.#governor.keyOf(call, ["ai"]);
  }
}
