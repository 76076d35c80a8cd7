import { inspect } from "node:util";
import type { Action } from "@faramesh/protocol";
import { afterEach, describe, expect, it } from "vitest";
import {
  ActionDenied,
  ApprovalExpired,
  ApprovalRejected,
  ApprovalRequired,
  ApprovalTimeout,
  ConflictError,
  FarameshConnectionError,
} from "../src/index.js";
import {
  actionOf,
  claimedOf,
  hashOf,
  INPUT,
  pendingOf,
  problem,
  type Reply,
  rejection,
  type Seen,
} from "./fake-gate.js";
import { recorder, type Script, type ScriptedGate, startScriptedGate } from "./scripted-gate.js";

let gate: ScriptedGate;
afterEach(() => gate.close());

async function gateThat(script: Script): Promise<void> {
  gate = await startScriptedGate(script);
}

describe("an allowed action", () => {
  it("is claimed before it runs and reported after, and the caller gets the executor's very object", async () => {
    await gateThat({});
    const result = { files: ["a"] };
    const { calls, executor } = recorder(result);
    const execution = await gate.client.executeIfAllowed({ ...INPUT, executor });
    expect(gate.steps()).toEqual(["actions", "start", "result"]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toBe(INPUT.params);
    expect(execution.result).toBe(result);
    expect(execution.execution_result).toBe(result);
    expect(execution).toMatchObject({
      outcome: "EXECUTE",
      decision: "allow",
      reason_code: "POLICY_ALLOW",
      executed: true,
      action_id: actionOf().id,
      reported: true,
      report_error: null,
    });
    expect(gate.bodiesOf("result")).toEqual([{ success: true, result }]);
  });

  it("hands the executor the permit, for a service elsewhere to check", async () => {
    await gateThat({});
    const executor = (_: object, run: { permit: string; action: Action }): string =>
      `${run.action.status} ${run.permit}`;
    const { result } = await gate.client.executeIfAllowed({ ...INPUT, executor });
    expect(result).toBe("executing header.payload.signature");
  });

  it("an answer lost on the way to any of the three steps is asked for again, and it still runs once", async () => {
    const lost =
      (answer: Reply) =>
      (_: Seen, count: number): Reply =>
        count === 1 ? { fault: "drop" } : answer;
    await gateThat({
      actions: lost({ status: 201, body: actionOf() }),
      start: lost({ body: claimedOf() }),
      result: lost({ body: actionOf({ status: "succeeded" }) }),
    });
    const { calls, executor } = recorder("done");
    await gate.client.executeIfAllowed({ ...INPUT, executor });
    expect(calls).toHaveLength(1);
    expect(gate.steps()).toEqual(["actions", "actions", "start", "start", "result", "result"]);
  });
});

describe("what may not run does not", () => {
  const refusals: [string, Script, unknown][] = [
    [
      "trap: server down = allowed: an unreachable gate",
      { actions: () => ({ fault: "drop" }) },
      FarameshConnectionError,
    ],
    ["a denied action", { actions: () => ({ body: deniedOf() }) }, ActionDenied],
    [
      "a rejected action",
      { actions: () => ({ body: pendingOf({ status: "denied", reason_code: "HUMAN_REJECTED" }) }) },
      ApprovalRejected,
    ],
    ["an expired action", { actions: () => ({ body: pendingOf({ status: "expired" }) }) }, ApprovalExpired],
    ["a cancelled action", { actions: () => ({ body: actionOf({ status: "cancelled" }) }) }, ActionDenied],
    ["an action that waits for a person", { actions: () => ({ body: pendingOf() }) }, ApprovalRequired],
    ["an action that already ran", { actions: () => ({ body: actionOf({ status: "succeeded" }) }) }, ConflictError],
    ["an action somebody else claimed", { start: () => problem(409, "not_claimable") }, ConflictError],
    [
      "a gate that fails at the claim",
      { start: () => problem(500, "internal") },
      expect.objectContaining({ code: "internal" }),
    ],
    ["a claim whose answer is lost for good", { start: () => ({ fault: "drop" }) }, FarameshConnectionError],
  ];
  for (const [name, script, expected] of refusals) {
    it(`${name}: the executor is not called`, async () => {
      await gateThat(script);
      const { calls, executor } = recorder("done");
      const error = await rejection(gate.client.executeIfAllowed({ ...INPUT, executor }));
      if (typeof expected === "function") expect(error).toBeInstanceOf(expected);
      else expect(error).toEqual(expected);
      expect(calls).toEqual([]);
      expect(gate.bodiesOf("result")).toEqual([]);
    });
  }

  const oddAnswers: [string, Partial<Record<keyof Action, unknown>>][] = [
    ["an outcome in lower case", { outcome: "execute" }],
    ["an unknown outcome", { outcome: "PERMIT" }],
    ["an unknown status", { status: "ok" }],
    ["EXECUTE with the decision deny", { decision: "deny" }],
    ["EXECUTE with the status pending_approval", { status: "pending_approval" }],
    ["HALT with the status allowed", { outcome: "HALT" }],
    ["HALT with the status approved", { outcome: "HALT", status: "approved" }],
    ["no status", { status: undefined }],
    ["no outcome", { outcome: undefined }],
    ["a status in a list", { status: ["allowed"] }],
  ];
  for (const [name, odd] of oddAnswers) {
    it(`an answer that is not exactly understood grants nothing: ${name}`, async () => {
      await gateThat({ actions: () => ({ body: { ...actionOf(), ...odd } }) });
      const { calls, executor } = recorder("done");
      const error = await rejection(gate.client.executeIfAllowed({ ...INPUT, executor, waitSeconds: 1 }));
      expect(error).toMatchObject({ code: "bad_response" });
      expect(calls).toEqual([]);
      expect(gate.steps()).toEqual(["actions"]);
    });
  }

  it("EXECUTE with the status denied is a denial", async () => {
    await gateThat({ actions: () => ({ body: actionOf({ status: "denied" }) }) });
    const { calls, executor } = recorder("done");
    expect(await rejection(gate.client.executeIfAllowed({ ...INPUT, executor }))).toBeInstanceOf(ActionDenied);
    expect(calls).toEqual([]);
  });

  const oddClaims: [string, Partial<Record<keyof Action, unknown>>][] = [
    ["another action", { id: "0192f0c1-2a00-7000-8000-00000000ffff" }],
    ["an action that is not executing", { status: "allowed" }],
    ["another tool", { tool: "http" }],
    ["another operation", { operation: "delete" }],
    ["another agent", { agent_id: "agent-2" }],
    ["no permit", { permit: undefined }],
    ["a hash that its params do not have", { params: { cmd: "rm -rf /" } }],
    ["the outcome HALT", { outcome: "HALT" }],
  ];
  for (const [name, odd] of oddClaims) {
    it(`a claim that is answered with ${name} runs nothing, and the gate is told so`, async () => {
      await gateThat({ start: () => ({ body: { ...claimedOf(), ...odd } }) });
      const { calls, executor } = recorder("done");
      const error = await rejection(gate.client.executeIfAllowed({ ...INPUT, executor }));
      expect(error).toMatchObject({ code: "bad_response" });
      expect(calls).toEqual([]);
      expect(gate.bodiesOf("result")).toMatchObject([{ success: false }]);
    });
  }

  it("an executor that is no function is refused before anything is submitted", async () => {
    await gateThat({});
    const guarded = { ...INPUT, executor: null as unknown as () => void };
    expect(await rejection(gate.client.executeIfAllowed(guarded))).toBeInstanceOf(TypeError);
    expect(gate.seen).toEqual([]);
  });

  it("a caller who gave up while the claim was on its way runs nothing, and the gate is told so", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    // The answer is checked after it came whole: giving up by then is the last moment that counts.
    await gateThat({});
    const client = gate.clientWith({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const text = await response.text();
        if (url.endsWith("/start")) setTimeout(() => controller.abort(reason), 0);
        if (url.endsWith("/start")) await new Promise((resolve) => setTimeout(resolve, 20));
        return new Response(text, response);
      },
    });
    const { calls, executor } = recorder("done");
    const guarded = { ...INPUT, executor, signal: controller.signal };
    expect(await rejection(client.executeIfAllowed(guarded))).toBe(reason);
    expect(calls).toEqual([]);
  });

  it("a denial says what happened and what to do in words a model can act on, and carries the action", async () => {
    await gateThat({ actions: () => ({ body: deniedOf() }) });
    const error = (await rejection(gate.client.executeIfAllowed({ ...INPUT, executor: () => 1 }))) as ActionDenied;
    expect(error.message).toBe(
      "The policy denied shell exec: no rm here (POLICY_DENY). It did not run; do not try the same call again. " +
        `Action ${actionOf().id}.`,
    );
    expect(error).toMatchObject({ code: "action_denied", actionId: actionOf().id });
    expect(error.action.rule_id).toBe("rule-1");
  });
});

describe("an action that needs a person", () => {
  it("throws ApprovalRequired with the action and its token, neither of which a log of the error shows", async () => {
    await gateThat({ actions: () => ({ body: pendingOf({ approval_token: "token-secret" }) }) });
    const error = (await rejection(gate.client.executeIfAllowed({ ...INPUT, executor: () => 1 }))) as ApprovalRequired;
    expect(error.token).toBe("token-secret");
    expect(error.action.status).toBe("pending_approval");
    expect(error.message).toContain("held for approval by finance until 2026-01-01T00:15:00.000Z");
    expect(`${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`).not.toContain("token-secret");
  });

  it("runs once it is approved, when the caller waits", async () => {
    await gateThat({
      actions: () => ({ body: pendingOf() }),
      get: (_, count) => ({ body: count === 1 ? pendingOf() : pendingOf({ status: "approved" }) }),
      start: () => ({ body: { ...pendingOf(), status: "executing", permit: "p" } }),
    });
    const told: string[] = [];
    const { calls, executor } = recorder("done");
    const onPending = (action: Action): void => void told.push(action.status);
    const { executed } = await gate.client.executeIfAllowed({ ...INPUT, executor, waitSeconds: 10, onPending });
    expect(executed).toBe(true);
    expect(calls).toHaveLength(1);
    expect(told).toEqual(["pending_approval"]);
  });

  it("trap: declining a call ran it: a rejection while waiting throws, and nothing runs", async () => {
    const rejected = pendingOf({ status: "denied", reason_code: "HUMAN_REJECTED" });
    await gateThat({ actions: () => ({ body: pendingOf() }), get: () => ({ body: rejected }) });
    const { calls, executor } = recorder("done");
    const error = await rejection(gate.client.executeIfAllowed({ ...INPUT, executor, waitSeconds: 10 }));
    expect(error).toBeInstanceOf(ApprovalRejected);
    expect(calls).toEqual([]);
    expect(gate.steps()).not.toContain("start");
  });

  it("trap: approval timeout = allowed: an expiry while waiting throws, and nothing runs", async () => {
    await gateThat({
      actions: () => ({ body: pendingOf() }),
      get: () => ({ body: pendingOf({ status: "expired", reason_code: "APPROVAL_EXPIRED" }) }),
    });
    const { calls, executor } = recorder("done");
    const error = await rejection(gate.client.executeIfAllowed({ ...INPUT, executor, waitSeconds: 10 }));
    expect(error).toBeInstanceOf(ApprovalExpired);
    expect(calls).toEqual([]);
  });

  it("trap: wrapper runs the tool after the approval wait ended: a late approval is not acted on", async () => {
    let answerLate = (): void => {};
    await gateThat({
      actions: () => ({ body: pendingOf() }),
      get: () => ({
        raw: (response) => {
          answerLate = () => void response.end(JSON.stringify(pendingOf({ status: "approved" })));
        },
      }),
    });
    const { calls, executor } = recorder("done");
    const guarded = gate.client.executeIfAllowed({ ...INPUT, executor, waitSeconds: 0.2 });
    const error = (await rejection(guarded)) as ApprovalTimeout;
    answerLate();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(error).toBeInstanceOf(ApprovalTimeout);
    expect(error).toBeInstanceOf(ApprovalRequired);
    expect(error.code).toBe("approval_timeout");
    expect(calls).toEqual([]);
    expect(gate.steps()).not.toContain("start");
  });

  it("trap: wrapper runs the tool after the approval wait ended: an answer the process was too busy to read in time is late too", async () => {
    await gateThat({
      actions: () => ({ body: pendingOf() }),
      get: () => ({ body: pendingOf({ status: "approved" }) }),
    });
    const busy = gate.clientWith({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const untilMs = performance.now() + (init.method === "GET" ? 400 : 0);
        const text = await response.text();
        while (performance.now() < untilMs);
        return new Response(text, response);
      },
    });
    const { calls, executor } = recorder("done");
    const error = await rejection(busy.executeIfAllowed({ ...INPUT, executor, waitSeconds: 0.2 }));
    expect(error).toBeInstanceOf(ApprovalTimeout);
    expect(calls).toEqual([]);
  });

  it("a process that died goes on with the same idempotency key: an action approved meanwhile runs", async () => {
    await gateThat({
      actions: () => ({ body: pendingOf({ status: "approved", reason_code: "HUMAN_APPROVED" }) }),
      start: () => ({ body: { ...pendingOf(), status: "executing", permit: "p" } }),
    });
    const { calls, executor } = recorder("done");
    await gate.client.executeIfAllowed({ ...INPUT, executor, idempotencyKey: "job-7" });
    expect(calls).toHaveLength(1);
    expect(gate.seen[0]?.headers["idempotency-key"]).toBe("job-7");
    expect(gate.seen[1]?.headers["idempotency-key"]).not.toBe("job-7");
  });
});

describe("what runs is what the claim returned", () => {
  it("params that a person edited replace the caller's own", async () => {
    const params = { cmd: "ls" };
    await gateThat({
      start: () => ({ body: claimedOf({ params, request_hash: hashOf({ ...INPUT, params }) }) }),
    });
    const { calls, executor } = recorder("done");
    await gate.client.executeIfAllowed({ ...INPUT, executor });
    expect(calls).toEqual([{ cmd: "ls" }]);
  });

  it("an object that the caller changed meanwhile is not run: what was decided is", async () => {
    const params = { cmd: "ls -la" };
    await gateThat({
      start: () => {
        params.cmd = "rm -rf /";
        return { body: claimedOf() };
      },
    });
    const { calls, executor } = recorder("done");
    await gate.client.executeIfAllowed({ ...INPUT, params, executor });
    expect(calls).toEqual([{ cmd: "ls -la" }]);
  });

  it("an object that the caller made unreadable meanwhile is not run either", async () => {
    const params: Record<string, unknown> = { cmd: "ls -la" };
    await gateThat({
      start: () => {
        params["self"] = params;
        return { body: claimedOf() };
      },
    });
    const { calls, executor } = recorder("done");
    await gate.client.executeIfAllowed({ ...INPUT, params, executor });
    expect(calls).toEqual([{ cmd: "ls -la" }]);
  });

  it("what is submitted is what the caller said at the call, not what the object says when it is sent", async () => {
    const params = { cmd: "ls -la" };
    await gateThat({});
    const { calls, executor } = recorder("done");
    const execution = gate.client.executeIfAllowed({ ...INPUT, params, executor });
    params.cmd = "rm -rf /";
    await execution;
    expect(gate.seen[0]?.body).toMatchObject({ params: { cmd: "ls -la" } });
    expect(calls).toEqual([{ cmd: "ls -la" }]);
  });
});

function deniedOf(): Action {
  return actionOf({
    status: "denied",
    decision: "deny",
    outcome: "HALT",
    reason_code: "POLICY_DENY",
    reason: "no rm here",
  });
}
