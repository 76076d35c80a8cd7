import { createHash, randomUUID } from "node:crypto";
import { canonicalRequest, type JsonObject } from "@faramesh/protocol";
import {
  type Action,
  ApprovalRequired,
  FarameshConnectionError,
  type Client as Gate,
  ServerError,
} from "@faramesh/sdk";
import type { CallToolResult, InputRequiredResult, ServerContext } from "@modelcontextprotocol/server";
import { CallProgress } from "./call-progress.js";
import { type CatalogEntry, isHeld } from "./catalog-entry.js";
import type { HeldAnswers, HeldState } from "./held-answers.js";
import { GATEWAY_LIMITS } from "./limits.js";
import type { ParkedCalls } from "./parked-calls.js";
import type { GatewaySettings } from "./settings.js";
import { CallFailed, changedResult, errorResult, failureResult, ToolFailed } from "./tool-results.js";
import { messageOf } from "./upstream.js";

/** More than the call itself may take, so that a claim does not lapse under it. */
const LEASE_MARGIN_SECONDS = 60;

interface ToolCall {
  readonly agent_id: string;
  readonly tool: string;
  readonly operation: string;
  readonly params: Record<string, unknown>;
  readonly context: JsonObject;
}

/** What the calls of one session have in common. */
export interface CallSession {
  readonly agentId: string;
  readonly settings: GatewaySettings;
  readonly parked: ParkedCalls;
  readonly held: HeldAnswers;
  find(name: string): Promise<CatalogEntry | undefined>;
}

/** Puts the calls of one session to the gate, and to the MCP server only from the executor of a claimed action. */
export class ToolCalls {
  readonly #session: CallSession;
  readonly #underWay = new Map<Promise<unknown>, AbortController>();

  constructor(session: CallSession) {
    this.#session = session;
  }

  /**
   * One `tools/call`. Whatever keeps the tool from running is an answer that says so; a call that the client cancelled
   * throws.
   */
  async call(
    name: string,
    args: Record<string, unknown>,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    if (this.#underWay.size >= GATEWAY_LIMITS.callsMax) {
      return errorResult(
        `More than ${GATEWAY_LIMITS.callsMax} calls are under way; this one did not run. Call it later.`,
      );
    }
    const ending = followed(context.mcpReq.signal);
    const answer = this.#answer(name, args, context, ending.signal);
    this.#underWay.set(answer, ending);
    try {
      return await answer;
    } finally {
      this.#underWay.delete(answer);
    }
  }

  get isBusy(): boolean {
    return this.#underWay.size > 0;
  }

  /** Ends every call that is under way; resolves when each is answered and reported. */
  async end(): Promise<void> {
    for (const ending of this.#underWay.values()) ending.abort(new Error("the gateway ended"));
    await Promise.allSettled(this.#underWay.keys());
  }

  async #answer(
    name: string,
    args: Record<string, unknown>,
    context: ServerContext,
    signal: AbortSignal,
  ): Promise<CallToolResult | InputRequiredResult> {
    try {
      const entry = await this.#session.find(name);
      if (entry === undefined) return errorResult(`There is no tool ${name.slice(0, 200)}, so nothing ran.`);
      if (isHeld(entry)) return changedResult(entry);
      if (!entry.upstream.isOpen) {
        return errorResult(`The MCP server ${entry.upstream.name} is gone, so the call did not run.`);
      }
      return await this.#guarded(entry, args, context, signal);
    } catch (error) {
      context.mcpReq.signal.throwIfAborted();
      return failureResult(error);
    }
  }

  async #guarded(
    entry: CatalogEntry,
    args: Record<string, unknown>,
    context: ServerContext,
    signal: AbortSignal,
  ): Promise<CallToolResult | InputRequiredResult> {
    const { agentId, settings, parked, held } = this.#session;
    const call: ToolCall = {
      agent_id: agentId,
      tool: entry.gateTool,
      operation: settings.operation,
      params: args,
      context: { mcp: { server: entry.upstream.name } },
    };
    const callHash = hashOf(call);
    const state = context.mcpReq.requestState<HeldState>();
    const resumed = parked.take(callHash, state?.actionId);
    if (state !== undefined && resumed === undefined) {
      return errorResult(`Action ${state.actionId} is not held for this call any more, so nothing ran.`);
    }
    if (state !== undefined && resumed !== undefined && held.wasDeclined(state, context)) {
      parked.park(resumed);
      return held.declined(state.actionId);
    }
    const idempotencyKey = resumed?.idempotencyKey ?? randomUUID();
    try {
      return await this.#execute(entry, call, { idempotencyKey, signal, context });
    } catch (error) {
      if (error instanceof ToolFailed) return error.result;
      const rounds = (state === undefined ? 0 : (resumed?.rounds ?? 0)) + 1;
      if (error instanceof ApprovalRequired) {
        parked.park({ actionId: error.actionId, callHash, idempotencyKey, rounds });
        return held.answer(error, rounds, context);
      }
      // Called again, it goes on with what the gate may have recorded of it.
      if (isLost(error)) parked.park({ actionId: resumed?.actionId ?? null, callHash, idempotencyKey, rounds });
      throw error;
    }
  }

  async #execute(
    entry: CatalogEntry,
    call: ToolCall,
    { idempotencyKey, signal, context }: { idempotencyKey: string; signal: AbortSignal; context: ServerContext },
  ): Promise<CallToolResult> {
    const { settings } = this.#session;
    const progress = new CallProgress(context);
    let pending: Action | null = null;
    try {
      const { result } = await settings.gate.executeIfAllowed({
        ...call,
        idempotencyKey,
        signal,
        waitSeconds: settings.waitSeconds,
        leaseSeconds: settings.callSeconds + LEASE_MARGIN_SECONDS,
        onPending: (action) => {
          pending = action;
          progress.held(action);
        },
        onReportFailed: (error, { id }) =>
          settings.log(`action ${id} ran, but could not be reported: ${error.message}`),
        executor: (params) => this.#run(entry, params, { signal, progress }),
      });
      return result;
    } catch (error) {
      if (signal.aborted && pending !== null) await withdraw(settings.gate, pending, settings.log);
      throw error;
    } finally {
      progress.stop();
    }
  }

  async #run(
    entry: CatalogEntry,
    params: Record<string, unknown>,
    { signal, progress }: { signal: AbortSignal; progress: CallProgress },
  ): Promise<CallToolResult> {
    const { settings } = this.#session;
    const timeoutMs = settings.callSeconds * 1000;
    let answer: CallToolResult;
    try {
      answer = await entry.upstream.call(entry.tool, params, { signal, timeoutMs, onprogress: progress.relay() });
    } catch (error) {
      // Whatever is told of a failure is the MCP server's text, as its results are.
      throw new CallFailed(settings.results.text(messageOf(error)), { cause: error });
    }
    const result = settings.results.tool(answer, entry.tool.outputSchema !== undefined);
    if (answer.isError === true) throw new ToolFailed(result);
    return result;
  }
}

/** What is aborted when the signal is. */
function followed(signal: AbortSignal): AbortController {
  const following = new AbortController();
  const abort = (): void => following.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return following;
}

/** Whether the gate may have recorded an action, and could not say so. */
function isLost(error: unknown): boolean {
  return error instanceof FarameshConnectionError || error instanceof ServerError;
}

/** Nobody waits for it any more: an approval must not lead to a run that the client does not expect. */
async function withdraw(gate: Gate, { id }: Action, log: GatewaySettings["log"]): Promise<void> {
  try {
    await gate.cancelAction(id, { reason: "the client cancelled the call" });
  } catch (error) {
    log(`action ${id} could not be cancelled: ${messageOf(error)}`);
  }
}

/** @throws CanonicalJsonError where the arguments have no canonical form. */
function hashOf(call: ToolCall): string {
  return createHash("sha256").update(canonicalRequest(call)).digest("hex");
}
