import type { ActionEvent } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORES } from "../../server/test/places.js";
import {
  ActionDenied,
  ApprovalExpired,
  ApprovalRejected,
  ApprovalRequired,
  type Client,
  ConflictError,
  createClient,
  ForbiddenError,
  requestHash,
} from "../src/index.js";
import { rejection } from "./fake-gate.js";
import { type RunningGate, startGate } from "./running-gate.js";

const POLICY = `version: 1
name: sdk
rules:
  - id: no-rm
    match: { tool: shell, params: { cmd: { contains: "rm -rf" } } }
    deny: true
    reason: Recursive deletion is never automatic
  - id: shell
    match: { tool: shell, operation: exec }
    allow: true
  - id: refund
    match: { tool: stripe, operation: refund }
    require_approval: true
    reason: Refunds need a person
  - id: brief
    match: { tool: stripe, operation: brief }
    require_approval: { expires_in: 1s }
`;
const LS = { agent_id: "agent", tool: "shell", operation: "exec", params: { cmd: "ls -la" } };
const RM = { ...LS, params: { cmd: "rm -rf /" } };
const REFUND = { agent_id: "agent", tool: "stripe", operation: "refund", params: { amount: 50 } };

/** An executor that counts its calls. */
function counting(): { executor: () => string; calls: () => number } {
  let calls = 0;
  return { executor: () => `call ${++calls}`, calls: () => calls };
}

describe.each(STORES)("against the real gate on %s", (store) => {
  let gate: RunningGate;
  let agent: Client;
  let developer: Client;
  let approver: Client;
  beforeAll(async () => {
    gate = await startGate(store, POLICY);
    [agent, developer, approver] = await Promise.all([
      gate.clientAs("agent"),
      gate.clientAs("developer"),
      gate.clientAs("approver"),
    ]);
  });
  afterAll(() => gate.stop());

  it("an allowed action runs once, and the ledger knows every step", async () => {
    const { executor, calls } = counting();
    const execution = await agent.executeIfAllowed({ ...LS, executor });
    expect(execution).toMatchObject({ executed: true, reported: true, result: "call 1", outcome: "EXECUTE" });
    expect(calls()).toBe(1);
    const recorded = await agent.getAction(execution.action_id);
    expect(recorded).toMatchObject({ status: "succeeded", result: "call 1", request_hash: await requestHash(LS) });
    const events = await agent.listActionEvents(execution.action_id);
    expect(events.map((event) => event.type)).toEqual(["action.allowed", "action.executing", "action.succeeded"]);
  });

  it("a denied action is answered by submit and thrown by the guard, and its executor is not called", async () => {
    expect(await agent.submitAction(RM)).toMatchObject({ status: "denied", decision: "deny", outcome: "HALT" });
    const { executor, calls } = counting();
    const error = await rejection(agent.executeIfAllowed({ ...RM, executor }));
    expect(error).toBeInstanceOf(ActionDenied);
    expect((error as ActionDenied).message).toContain("Recursive deletion is never automatic");
    expect(calls()).toBe(0);
  });

  it("trap: no rule matched = allowed: silence is a denial", async () => {
    const { executor, calls } = counting();
    const error = await rejection(agent.executeIfAllowed({ ...LS, tool: "unheard-of", executor }));
    expect((error as ActionDenied).action.reason_code).toBe("DEFAULT_DENY_NO_MATCH");
    expect(calls()).toBe(0);
  });

  it("an executor that throws is on record as failed", async () => {
    const thrown = new Error("disk full");
    const error = await rejection(
      agent.executeIfAllowed({
        ...LS,
        executor: (_, { action }) => {
          Object.assign(thrown, { actionId: action.id });
          throw thrown;
        },
      }),
    );
    expect(error).toBe(thrown);
    const { actionId } = thrown as Error & { actionId?: string };
    expect(await agent.getAction(actionId ?? "")).toMatchObject({ status: "failed", error: "Error: disk full" });
  });

  it("a waiting agent runs as soon as a person approves", async () => {
    const { executor, calls } = counting();
    const { result, decision } = await agent.executeIfAllowed({
      ...REFUND,
      executor,
      waitSeconds: 20,
      onPending: (action) => void approver.approveAction(action.id, { reason: "looks right" }),
    });
    expect([result, decision, calls()]).toEqual(["call 1", "require_approval", 1]);
  });

  it("a waiting agent does not run what a person rejects, and learns why", async () => {
    const { executor, calls } = counting();
    const execution = agent.executeIfAllowed({
      ...REFUND,
      executor,
      waitSeconds: 20,
      onPending: (action) => void approver.rejectAction(action.id, { reason: "not this customer" }),
    });
    const error = await rejection(execution);
    expect(error).toBeInstanceOf(ApprovalRejected);
    expect((error as ApprovalRejected).message).toContain("A person rejected stripe refund: not this customer");
    expect(calls()).toBe(0);
  });

  it("an approval that expires while the agent waits runs nothing", async () => {
    const { executor, calls } = counting();
    const error = await rejection(agent.executeIfAllowed({ ...REFUND, operation: "brief", executor, waitSeconds: 20 }));
    expect(error).toBeInstanceOf(ApprovalExpired);
    expect(calls()).toBe(0);
  });

  it("trap: submitter receives the approval token and approves itself: an agent gets no token and may not approve", async () => {
    const error = (await rejection(agent.executeIfAllowed({ ...REFUND, executor: () => 1 }))) as ApprovalRequired;
    expect(error).toBeInstanceOf(ApprovalRequired);
    expect(error.token).toBeUndefined();
    expect(await rejection(agent.approveAction(error.actionId))).toBeInstanceOf(ForbiddenError);
  });

  it("a developer gets the token, and whoever bears it approves without a key, once", async () => {
    const pending = await developer.submitAction(REFUND);
    const bearer = createClient({ url: gate.url, apiKey: null });
    expect(await rejection(bearer.approveAction(pending.id, { token: "wrong" }))).toMatchObject({
      code: "unauthorized",
    });
    const approved = await bearer.approveAction(pending.id, { token: pending.approval_token, reason: "by link" });
    expect(approved).toMatchObject({ status: "approved", approval: { note: "by link" } });
    expect(await rejection(approver.rejectAction(pending.id))).toMatchObject({ code: "already_decided", status: 409 });
  });

  it("trap: start raced, one approval ran three times: of 50 claims one wins, the others name the status", async () => {
    const { id } = await agent.submitAction(LS);
    const claims = await Promise.allSettled(Array.from({ length: 50 }, () => agent.startAction(id)));
    const lost = claims.flatMap((claim) => (claim.status === "rejected" ? [claim.reason as unknown] : []));
    expect(lost).toHaveLength(49);
    for (const error of lost) {
      expect(error).toBeInstanceOf(ConflictError);
      expect(error).toMatchObject({ code: "not_claimable", actionStatus: "executing" });
    }
  });

  it("50 guards with one idempotency key run one executor once", async () => {
    const { executor, calls } = counting();
    const guarded = { ...LS, executor, idempotencyKey: "job-1" };
    const runs = await Promise.allSettled(Array.from({ length: 50 }, () => agent.executeIfAllowed(guarded)));
    expect(runs.filter((run) => run.status === "fulfilled")).toHaveLength(1);
    expect(calls()).toBe(1);
  });

  it("the same idempotency key for another action is a conflict", async () => {
    await agent.submitAction(LS, { idempotencyKey: "job-2" });
    const error = await rejection(agent.submitAction(RM, { idempotencyKey: "job-2" }));
    expect(error).toMatchObject({ name: "ConflictError", code: "idempotency_conflict" });
  });

  it("the permit proves the call to a service elsewhere, once", async () => {
    const { id } = await agent.submitAction({ ...LS, context: { ticket: "T-1" } });
    const { permit = "" } = await agent.startAction(id);
    const service = createClient({ url: gate.url, apiKey: null });
    const claims = await service.verifyPermit(permit, { ...LS, context: { ticket: "T-1" } });
    expect(claims.act.id).toBe(id);
    await expect(service.verifyPermit(permit, RM)).rejects.toMatchObject({ code: "invalid_permit" });
    expect(await agent.consumePermit(permit)).toMatchObject({ jti: claims.jti, action_id: id });
    expect(await rejection(agent.consumePermit(permit))).toMatchObject({ code: "permit_consumed" });
  });

  it("a lost claim answer is asked for again under the same key, and the same claim comes back", async () => {
    let drops = 1;
    const lossy = createClient({
      url: gate.url,
      apiKey: "test-admin-key-0123456789",
      backoffMs: 1,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!url.endsWith("/start") || drops-- <= 0) return response;
        await response.text();
        throw new TypeError("fetch failed");
      },
    });
    const { executor, calls } = counting();
    await expect(lossy.executeIfAllowed({ ...LS, executor })).resolves.toMatchObject({ reported: true });
    expect([calls(), drops]).toEqual([1, -1]);
  });

  it("a batch answers each action by itself, in order", async () => {
    const results = await agent.submitActions([LS, { ...LS, tool: "" }, RM]);
    expect(results).toMatchObject([
      { action: { status: "allowed" } },
      { error: { code: "invalid_action" } },
      { action: { status: "denied" } },
    ]);
  });

  it("lists by filter, page by page", async () => {
    const first = await developer.listActionsPage({ tool: "shell", limit: 2 });
    const second = await developer.listActionsPage({ tool: "shell", limit: 2, cursor: first.nextCursor ?? "" });
    const ids = [...first.actions, ...second.actions].map((action) => action.id);
    expect(new Set(ids).size).toBe(4);
    expect(await developer.listActions({ status: "denied", tool: "stripe", outcome: "EXECUTE" })).toEqual([]);
    expect(await rejection(developer.listActions({ nonsense: 1 } as object))).toMatchObject({
      code: "invalid_request",
    });
  });

  it("waits for completion, and cancels before", async () => {
    const { id } = await agent.submitAction(REFUND);
    const completion = agent.waitForCompletion(id, { waitSeconds: 20 });
    await agent.cancelAction(id, { reason: "not needed" });
    await expect(completion).resolves.toMatchObject({ status: "cancelled" });
    expect(await rejection(agent.waitForApproval(id))).toBeInstanceOf(ActionDenied);
  });

  it("decide-only answers with a trace and stores nothing", async () => {
    const before = await developer.listActions({ limit: 1 });
    const decision = await agent.gateDecide(RM, { explain: true });
    expect(decision).toMatchObject({ outcome: "HALT", rule_id: "no-rm", request_hash: await requestHash(RM) });
    expect(decision.trace?.[0]).toMatchObject({ rule_id: "no-rm", result: "matched" });
    expect(await developer.listActions({ limit: 1 })).toEqual(before);
  });

  it("a governed function is what it was, behind the gate", async () => {
    const shell = agent.govern(async ({ cmd }: { cmd: string }) => `ran ${cmd}`, {
      agentId: "agent",
      tool: "shell",
      operation: "exec",
    });
    expect(await shell({ cmd: "ls" })).toBe("ran ls");
    expect(await rejection(shell({ cmd: "rm -rf /" }))).toBeInstanceOf(ActionDenied);
  });

  it("the stream goes on over a restart of the gate, without loss or repetition", async () => {
    const { ledger_index } = await agent.submitAction(LS);
    const after = ledger_index - 1;
    const seen: ActionEvent[] = [];
    for await (const event of developer.streamEvents({ after, tool: "shell" })) {
      seen.push(event);
      if (seen.length === 4) break;
      // Each event leads to the next step; the gate restarts in between.
      if (seen.length === 2) await gate.restart();
      await nextStep(seen.length);
    }
    expect(seen.map((event) => event.status)).toEqual(["allowed", "executing", "succeeded", "denied"]);
    expect(new Set(seen.map((event) => event.ledger_index)).size).toBe(4);

    async function nextStep(step: number): Promise<void> {
      const current = seen.at(-1)?.action_id ?? "";
      if (step === 1) await agent.startAction(current);
      if (step === 2) await agent.reportResult(current, { success: true });
      if (step === 3) await agent.submitAction(RM);
    }
  });
});
