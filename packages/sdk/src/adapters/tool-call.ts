import type { Action, JsonObject } from "@faramesh/protocol";
import type { Client } from "../client.js";
import { ActionDenied, ApprovalRequired, ConflictError, FarameshError } from "../errors.js";
import type { GuardOptions, Run } from "../guard.js";
import { type ActionInput, requestHash, sha256Hex } from "../hash.js";
import { badResponse, isObject } from "../read-answer.js";

/** What a governed tool needs of a client. */
export type ToolGate = Pick<Client, "executeIfAllowed">;

/** How a tool is named in an action. */
export interface ToolName {
  tool: string;
  operation: string;
}

/** A model's call of a tool, as the framework gives it. */
export interface ToolCall {
  /** The tool's name in the framework. */
  readonly toolName: string;
  /** The framework's id of the call, where it has one. */
  readonly callId?: string | undefined;
  /** What the tool would be called with. */
  readonly input: unknown;
}

/** How the calls of tools become actions. */
export interface ToolOptions extends Pick<GuardOptions, "waitSeconds" | "leaseSeconds" | "onReportFailed"> {
  agentId: string;
  /** Names a tool in its actions. Default: `tool` as the framework calls it, `operation` `call`. */
  actionName?: ((toolName: string) => ToolName) | undefined;
  /** The agent's own word about the circumstances; a function is asked anew for each call. */
  context?: object | ((call: ToolCall) => object) | undefined;
  /** Told when a call is held for approval, with the action whose id names it everywhere. */
  onPending?: ((action: Action, call: ToolCall) => void) | undefined;
}

/** What one call brings beside its name and input. */
export interface CallTerms {
  signal?: AbortSignal | undefined;
  /** Stands for this call wherever it is taken up again. Without it, a repeated call takes up one that is held. */
  idempotencyKey?: string | undefined;
}

/** Held calls that are remembered, so that the same call made again takes up its action. */
const HELD_CALLS_MAX = 1_000;

/** Puts the tool calls of one set of tools behind a gate. */
export class ToolGovernor {
  readonly #gate: ToolGate;
  readonly #options: ToolOptions;
  /** Idempotency keys by the hash of the call, oldest first. */
  readonly #held = new Map<string, string>();

  constructor(gate: ToolGate, options: ToolOptions) {
    this.#gate = gate;
    this.#options = options;
  }

  /** The action that a call is submitted as. */
  actionOf(call: ToolCall): ActionInput {
    const { agentId, context } = this.#options;
    const { tool, operation } = this.#options.actionName?.(call.toolName) ?? defaultName(call.toolName);
    return {
      agent_id: agentId,
      tool,
      operation,
      params: paramsOf(call.input),
      context: typeof context === "function" ? (context as (call: ToolCall) => object)(call) : context,
    };
  }

  /**
   * Runs a call through `executeIfAllowed`.
   *
   * A call that is held and then made again with the same input is the same action: approved meanwhile, it runs.
   *
   * @param execute - Performs the call with the input that may run. Called once, or never.
   * @throws What `executeIfAllowed` throws; {@link refusalText} makes it a text for the model.
   */
  async run<R>(
    call: ToolCall,
    terms: CallTerms,
    execute: (input: unknown, run: Run) => R | PromiseLike<R>,
  ): Promise<R> {
    const action = this.actionOf(call);
    const hash = await requestHash(action);
    const idempotencyKey = terms.idempotencyKey ?? this.#held.get(hash) ?? globalThis.crypto.randomUUID();
    const { waitSeconds, leaseSeconds, onReportFailed } = this.#options;
    let isTold = false;
    const tellOnce = (pending: Action): void => {
      if (!isTold) this.#options.onPending?.(pending, call);
      isTold = true;
    };
    try {
      const { result } = await this.#gate.executeIfAllowed<object, R>({
        ...action,
        idempotencyKey,
        waitSeconds,
        leaseSeconds,
        onReportFailed,
        signal: terms.signal,
        onPending: tellOnce,
        executor: async (params, run) => await execute(inputToRun(call.input, params), run),
      });
      this.#held.delete(hash);
      return result;
    } catch (error) {
      if (error instanceof ApprovalRequired) {
        this.#remember(hash, idempotencyKey);
        tellOnce(error.action);
      } else if (error instanceof ActionDenied || error instanceof ConflictError) {
        this.#held.delete(hash);
      }
      throw error;
    }
  }

  /**
   * Submits a call ahead of its run, under the key that the run will have.
   *
   * @returns Whether a person has to approve it, or had to: a framework that goes on after an approval may ask again.
   *   A gate that cannot be asked is met again, and told of, by {@link run}.
   */
  async isHeld(gate: Pick<Client, "submitAction">, call: ToolCall, idempotencyKey: string): Promise<boolean> {
    try {
      const submitted = await gate.submitAction(this.actionOf(call), { idempotencyKey });
      if (submitted.status === "pending_approval") this.#options.onPending?.(submitted, call);
      return submitted.outcome === "ABSTAIN";
    } catch (error) {
      if (error instanceof FarameshError) return false;
      throw error;
    }
  }

  /**
   * An idempotency key that is the same wherever the framework takes up the same call again.
   *
   * @param place - What names the call in the framework: run, step, call id.
   */
  async keyOf(call: ToolCall, place: readonly string[]): Promise<string> {
    const hash = await requestHash(this.actionOf(call));
    return `tool-call:${await sha256Hex(JSON.stringify([...place, call.toolName, call.callId ?? "", hash]))}`;
  }

  #remember(hash: string, idempotencyKey: string): void {
    this.#held.set(hash, idempotencyKey);
    for (const [oldest] of this.#held) {
      if (this.#held.size <= HELD_CALLS_MAX) return;
      this.#held.delete(oldest);
    }
  }
}

/**
 * What a model reads of a call that did not run: why, and what to do about it. Null for an error that is not the
 * gate's, such as the tool's own. It never holds a secret.
 */
export function refusalText(error: unknown): string | null {
  if (error instanceof ApprovalRequired) return heldText(error.action);
  if (error instanceof ActionDenied || error instanceof ConflictError) return error.message;
  if (!(error instanceof FarameshError)) return null;
  return `The call did not run, because the gate gave no permission (${error.code}): ${error.message}`;
}

/** An error whose message is what the model should read. What is not the gate's stays as it is. */
export function readableError(error: unknown): unknown {
  const text = refusalText(error);
  return text === null ? error : new ToolCallRefused(text, error as FarameshError);
}

/** A tool call that did not run. Its message is for the model, its cause for the program. */
export class ToolCallRefused extends FarameshError {
  override readonly name: string = "ToolCallRefused";

  constructor(message: string, cause: FarameshError) {
    super(message, { code: cause.code, status: cause.status, requestId: cause.requestId, cause });
  }
}

function heldText({ id, tool, operation, reason, reason_code, approval }: Action): string {
  const who = approval?.approvers && approval.approvers.length > 0 ? approval.approvers.join(", ") : "an approver";
  const until = approval?.expires_at ? ` until ${approval.expires_at}` : "";
  return (
    `${tool} ${operation} is held for approval by ${who}${until}: ${reason} (${reason_code}). It did not run. ` +
    `Action ${id}. Once it is approved, retry with exactly the same input; until then, do something else.`
  );
}

function defaultName(toolName: string): ToolName {
  return { tool: toolName, operation: "call" };
}

/** A plain object is the params; any other input is `params.input`. */
function paramsOf(input: unknown): object {
  if (isPlainObject(input)) return input;
  return input === undefined ? {} : { input };
}

function inputToRun(input: unknown, params: object): unknown {
  if (isPlainObject(input)) return params;
  const fields = params as JsonObject;
  if (Object.keys(fields).every((name) => name === "input")) return fields["input"];
  throw badResponse("The returned params are not one input, so the tool was not called");
}

function isPlainObject(value: unknown): value is object {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
