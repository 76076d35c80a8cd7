import { requestHash } from "../hash.js";
import { refusalText, type ToolCall, type ToolGate, ToolGovernor, type ToolOptions } from "./tool-call.js";

export type { ToolGate, ToolName, ToolOptions } from "./tool-call.js";

/** What a hook is told, as far as it is used. */
export interface ToolHookInput {
  hook_event_name: string;
  tool_name?: string;
  tool_input?: unknown;
  tool_use_id?: string;
  tool_response?: unknown;
  error?: unknown;
}

/** What a `PreToolUse` hook answers. */
export interface ToolHookOutput {
  hookSpecificOutput?: {
    hookEventName: "PreToolUse";
    permissionDecision: "allow" | "deny";
    permissionDecisionReason?: string;
    updatedInput?: Record<string, unknown>;
  };
}

type ToolHook = (
  input: ToolHookInput,
  toolUseId: string | undefined,
  options: { signal: AbortSignal },
) => Promise<ToolHookOutput>;

/** Hooks of one event. A hook that fails blocks the tool (`onFailure`), and has time to wait for a person. */
export interface ToolHookMatcher {
  hooks: ToolHook[];
  timeout: number;
  onFailure: "block";
}

/** What `canUseTool` answers. */
export type ToolPermission =
  | { behavior: "allow"; updatedInput: Record<string, unknown> }
  | { behavior: "deny"; message: string };

/** Options for `query` of the Claude Agent SDK. */
export interface GovernedOptions {
  hooks: Record<"PreToolUse" | "PostToolUse" | "PostToolUseFailure" | "PermissionDenied", ToolHookMatcher[]>;
  canUseTool: (
    toolName: string,
    input: Record<string, unknown>,
    options: { signal: AbortSignal; toolUseID: string },
  ) => Promise<ToolPermission>;
}

type Verdict = { allowed: true; input: Record<string, unknown> } | { allowed: false; message: string };

/** A call that the gate was asked about, until its tool has ended. */
interface OpenCall {
  /** Hashes of the call as it was asked for, and as it may run. */
  readonly hashes: Set<string>;
  readonly verdict: Promise<Verdict>;
  /** Resolves when the end was reported. Never rejects. */
  readonly closed: Promise<void>;
  succeed(result: unknown): void;
  fail(error: Error): void;
}

/** Calls that are allowed and not ended. Beyond, the oldest is let go: its lease ends, and it becomes `unknown`. */
const OPEN_CALLS_MAX = 1_000;
/** Seconds for asking the gate, beside the wait for a person: more than all retries take, so that a hook never times out. */
const ASKING_SECONDS = 600;

/**
 * Options that put every tool of a Claude agent behind the gate, those of sub-agents and MCP servers too:
 * `query({ prompt, options: { ...governAgent(gate, { agentId: "my-agent" }) } })`.
 *
 * `PreToolUse` asks the gate, waits, and claims; the agent then runs the tool with the params that were decided;
 * `PostToolUse` and `PostToolUseFailure` report. `canUseTool` asks again only where no hook has. Whatever fails denies.
 * The agent's tools run in another process: one that dies between claim and report leaves the action `unknown`.
 */
export function governAgent(gate: ToolGate, options: ToolOptions): GovernedOptions {
  const calls = new OpenCalls(new ToolGovernor(gate, options));
  const timeout = (options.waitSeconds ?? 0) + ASKING_SECONDS;
  const on = (hook: ToolHook): ToolHookMatcher[] => [{ hooks: [hook], timeout, onFailure: "block" }];
  return {
    hooks: {
      PreToolUse: on(async (input, _, { signal }) => {
        const verdict = await calls.decide(input.tool_name, input.tool_input, input.tool_use_id, signal);
        return { hookSpecificOutput: { hookEventName: "PreToolUse", ...hookDecision(verdict) } };
      }),
      PostToolUse: on(async (input) => calls.end(input, (call) => call.succeed(input.tool_response))),
      PostToolUseFailure: on(async (input) => calls.end(input, (call) => call.fail(new Error(String(input.error))))),
      PermissionDenied: on(async (input) =>
        calls.end(input, (call) => call.fail(new Error("Denied by the agent's rules"))),
      ),
    },
    async canUseTool(toolName, input, { signal, toolUseID }) {
      const verdict = await calls.decide(toolName, input, toolUseID, signal);
      return verdict.allowed
        ? { behavior: "allow", updatedInput: verdict.input }
        : { behavior: "deny", message: verdict.message };
    },
  };
}

class OpenCalls {
  readonly #governor: ToolGovernor;
  readonly #open = new Map<string, OpenCall>();

  constructor(governor: ToolGovernor) {
    this.#governor = governor;
  }

  async decide(toolName: unknown, input: unknown, callId: unknown, signal: AbortSignal): Promise<Verdict> {
    if (typeof toolName !== "string" || typeof callId !== "string" || !isRecord(input)) {
      return { allowed: false, message: "The call is not understood, so it may not run." };
    }
    try {
      const call = { toolName, callId, input };
      const hash = await requestHash(this.#governor.actionOf(call));
      const open = this.#open.get(callId) ?? this.#ask(call, hash, signal);
      const verdict = await open.verdict;
      if (open.hashes.has(hash)) return verdict;
      return { allowed: false, message: "The input was changed after the gate had decided; the call may not run." };
    } catch (error) {
      return { allowed: false, message: messageOf(error) };
    }
  }

  async end({ tool_use_id: id = "" }: ToolHookInput, settle: (call: OpenCall) => void): Promise<ToolHookOutput> {
    const open = this.#open.get(id);
    if (open === undefined) return {};
    settle(open);
    await open.closed;
    return {};
  }

  #ask(call: ToolCall & { readonly callId: string }, hash: string, signal: AbortSignal): OpenCall {
    const id = call.callId;
    const hashes = new Set([hash]);
    const verdict = deferred<Verdict>();
    const ran = deferred<unknown>();
    // Whether or not the gate gets as far as to await it.
    ran.promise.catch(() => {});
    const run = this.#governor.run(call, { signal }, async (input) => {
      hashes.add(await requestHash(this.#governor.actionOf({ ...call, input })));
      verdict.resolve({ allowed: true, input: input as Record<string, unknown> });
      return ran.promise;
    });
    const closed = run
      .then(
        () => {},
        (error: unknown) => verdict.resolve({ allowed: false, message: messageOf(error) }),
      )
      .finally(() => this.#open.delete(id));
    const open = { hashes, verdict: verdict.promise, closed, succeed: ran.resolve, fail: ran.reject };
    this.#open.set(id, open);
    for (const [oldest] of this.#open) {
      if (this.#open.size <= OPEN_CALLS_MAX) break;
      this.#open.delete(oldest);
    }
    return open;
  }
}

function hookDecision(verdict: Verdict): Omit<NonNullable<ToolHookOutput["hookSpecificOutput"]>, "hookEventName"> {
  return verdict.allowed
    ? { permissionDecision: "allow", updatedInput: verdict.input }
    : { permissionDecision: "deny", permissionDecisionReason: verdict.message };
}

function messageOf(error: unknown): string {
  return refusalText(error) ?? `The call did not run: ${error instanceof Error ? error.message : "it was cancelled"}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => {};
  let reject: Deferred<T>["reject"] = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
