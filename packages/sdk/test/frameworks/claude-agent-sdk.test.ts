import type { HookInput, Options } from "@anthropic-ai/claude-agent-sdk";
import { describe, expect, it } from "vitest";
import { governAgent, type ToolOptions } from "../../src/adapters/claude-agent-sdk.js";
import { type Client, createClient } from "../../src/index.js";
import { claimedOf, hashOf } from "../fake-gate.js";
import { startScriptedGate } from "../scripted-gate.js";
import { versionOf } from "./installed.js";
import { bench } from "./scenarios.js";

const SIGNAL = new AbortController().signal;
const SESSION = { session_id: "session", transcript_path: "/transcript", cwd: "/" };

type Hooks = Required<Options>["hooks"];

/** The agent's process: calls hooks and `canUseTool` as the types of the SDK have it. The real one needs its program. */
class AgentProcess {
  readonly ran: unknown[] = [];
  readonly #options: Required<Pick<Options, "hooks" | "canUseTool">>;

  constructor(gate: Client, options: ToolOptions) {
    this.#options = governAgent(gate, options);
  }

  /** One call of a tool, from its first hook to its last. */
  async call(tool_name: string, tool_input: Record<string, unknown>, id: string, more: CallMore = {}): Promise<string> {
    const use = { ...SESSION, tool_name, tool_use_id: id };
    const signal = more.signal ?? SIGNAL;
    const decision = await this.#preToolUse({ ...use, hook_event_name: "PreToolUse", tool_input }, signal);
    if (decision?.permissionDecision !== "allow") return decision?.permissionDecisionReason ?? "";
    const input = decision.updatedInput ?? tool_input;
    if (more.asks !== undefined) {
      const permission = await this.permission(tool_name, more.asks(input), id);
      if (permission?.behavior !== "allow") return permission?.message ?? "";
    }
    this.ran.push(input);
    if (more.fails !== undefined) {
      await this.hook({ ...use, hook_event_name: "PostToolUseFailure", tool_input: input, error: more.fails });
      return more.fails;
    }
    await this.hook({ ...use, hook_event_name: "PostToolUse", tool_input: input, tool_response: { output: "done" } });
    return "done";
  }

  permission(name: string, input: Record<string, unknown>, toolUseID: string) {
    return this.#options.canUseTool(name, input, { signal: SIGNAL, toolUseID, requestId: "request" });
  }

  async hook(input: HookInput, signal: AbortSignal = SIGNAL) {
    const [matcher] = (this.#options.hooks as Hooks)[input.hook_event_name] ?? [];
    expect(matcher).toMatchObject({ onFailure: "block" });
    return matcher?.hooks[0]?.(input, "tool_use_id" in input ? input.tool_use_id : undefined, { signal });
  }

  async #preToolUse(input: HookInput, signal: AbortSignal) {
    const output = await this.hook(input, signal);
    const specific = output !== undefined && "hookSpecificOutput" in output ? output.hookSpecificOutput : undefined;
    return specific?.hookEventName === "PreToolUse" ? specific : undefined;
  }
}

interface CallMore {
  signal?: AbortSignal;
  fails?: string;
  /** The agent's rules ask `canUseTool`, too, with this input. */
  asks?: (input: Record<string, unknown>) => Record<string, unknown>;
}

describe("the options for the Claude Agent SDK, called as its types say,", () => {
  const name = "@anthropic-ai/claude-agent-sdk";
  const made = bench({
    name: `Claude Agent SDK (${name}), hooks and canUseTool without its program`,
    version: versionOf(name),
  });
  const actionsOf = (agentId: string) => made.gate.admin.listActions({ agent_id: agentId });

  it("an allowed call runs, and its end is reported with its result", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "allowed" });
    expect(await agent.call("lookup", { item: "a" }, "use-1")).toBe("done");
    expect(agent.ran).toEqual([{ item: "a" }]);
    const [action] = await actionsOf("allowed");
    expect(action).toMatchObject({
      tool: "lookup",
      operation: "call",
      status: "succeeded",
      result: { output: "done" },
    });
  });

  it("a call that fails is reported as failed", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "failed" });
    await agent.call("lookup", { item: "a" }, "use-1", { fails: "the disk is full" });
    expect(await actionsOf("failed")).toMatchObject([{ status: "failed", error: "Error: the disk is full" }]);
  });

  it("a denied call is denied with a reason that the model can use", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "denied" });
    expect(await agent.call("remove", { item: "a" }, "use-1")).toContain("The policy denied remove call");
    expect(agent.ran).toEqual([]);
  });

  it("a rejected call is denied", async () => {
    const onPending = ({ id }: { id: string }) => void made.approver.rejectAction(id, { reason: "No" });
    const agent = new AgentProcess(made.agent, { agentId: "rejected", waitSeconds: 20, onPending });
    expect(await agent.call("refund", { item: "a" }, "use-1")).toContain("A person rejected refund call: No");
    expect(agent.ran).toEqual([]);
  });

  it("a call that nobody approves in time is denied, and approved later it still has not run", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "late", waitSeconds: 0.2 });
    expect(await agent.call("refund", { item: "a" }, "use-1")).toContain("held for approval");
    const [action] = await actionsOf("late");
    await made.approver.approveAction(action?.id ?? "");
    expect(agent.ran).toEqual([]);
  });

  it("trap: without a gate to ask everything is denied", async () => {
    const nobody = createClient({ url: "http://127.0.0.1:1", apiKey: null, retries: 0 });
    const agent = new AgentProcess(nobody, { agentId: "alone" });
    expect(await agent.call("lookup", { item: "a" }, "use-1")).toContain("did not run");
    const permission = await agent.permission("lookup", { item: "a" }, "use-2");
    expect(permission).toMatchObject({ behavior: "deny", message: expect.stringContaining("unreachable") });
    expect(agent.ran).toEqual([]);
  });

  it("a call that is approved while it waits runs exactly once", async () => {
    const onPending = ({ id }: { id: string }) => void made.approver.approveAction(id);
    const agent = new AgentProcess(made.agent, { agentId: "approved", waitSeconds: 20, onPending });
    expect(await agent.call("refund", { item: "a" }, "use-1")).toBe("done");
    expect(await actionsOf("approved")).toMatchObject([{ status: "succeeded" }]);
  });

  it("a call that the agent's own rules ask about as well is one action", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "asked-twice" });
    expect(await agent.call("lookup", { item: "a" }, "use-1", { asks: (input) => input })).toBe("done");
    expect(await actionsOf("asked-twice")).toMatchObject([{ status: "succeeded" }]);
  });

  it("trap: an input that was changed after the gate had decided is denied", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "changed" });
    const told = await agent.call("lookup", { item: "a" }, "use-1", { asks: () => ({ item: "everything" }) });
    expect(told).toContain("changed after the gate had decided");
    expect(agent.ran).toEqual([]);
  });

  it("calls made in parallel are decided and run each for itself", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "parallel" });
    const told = await Promise.all([
      agent.call("lookup", { item: "a" }, "use-1"),
      agent.call("remove", { item: "b" }, "use-2"),
      agent.call("lookup", { item: "c" }, "use-3"),
    ]);
    expect(told).toEqual(["done", expect.stringContaining("denied"), "done"]);
    expect(agent.ran).toHaveLength(2);
  });

  it("a call whose hook is aborted while it waits is denied", async () => {
    const abort = new AbortController();
    const onPending = (): void => abort.abort(new Error("the user left"));
    const agent = new AgentProcess(made.agent, { agentId: "aborted", waitSeconds: 20, onPending });
    expect(await agent.call("refund", { item: "a" }, "use-1", { signal: abort.signal })).toContain("did not run");
    expect(agent.ran).toEqual([]);
    expect(await actionsOf("aborted")).toMatchObject([{ status: "pending_approval" }]);
  });

  it("what a person made of the params is what runs", async () => {
    const edited = { agent_id: "edited", tool: "refund", operation: "call", params: { item: "less" } };
    const scripted = await startScriptedGate({
      start: () => ({ body: claimedOf({ ...edited, request_hash: hashOf(edited) }) }),
    });
    const agent = new AgentProcess(scripted.client, { agentId: "edited" });
    expect(await agent.call("refund", { item: "much" }, "use-1", { asks: (input) => input })).toBe("done");
    expect(agent.ran).toEqual([{ item: "less" }]);
    await scripted.close();
  });

  it("a call that the agent's rules deny after the gate allowed it is reported as one that failed", async () => {
    const agent = new AgentProcess(made.agent, { agentId: "rules" });
    const use = { ...SESSION, tool_name: "lookup", tool_input: { item: "a" }, tool_use_id: "use-1" };
    await agent.hook({ ...use, hook_event_name: "PreToolUse" });
    await agent.hook({ ...use, hook_event_name: "PermissionDenied", reason: "a deny rule" });
    expect(await actionsOf("rules")).toMatchObject([{ status: "failed", error: "Error: Denied by the agent's rules" }]);
  });
});
