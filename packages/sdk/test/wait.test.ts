import { afterEach, describe, expect, it } from "vitest";
import { ApprovalRejected, ApprovalTimeout, CompletionTimeout, FarameshConnectionError } from "../src/index.js";
import {
  actionOf,
  type FakeGate,
  pendingOf,
  problem,
  type Reply,
  rejection,
  type Seen,
  startFakeGate,
} from "./fake-gate.js";

let gate: FakeGate;
afterEach(() => gate.close());

async function gateThat(reply: (seen: Seen, count: number) => Reply): Promise<FakeGate> {
  gate = await startFakeGate(reply);
  return gate;
}

const ID = pendingOf().id;

describe("waiting for an approval", () => {
  it("needs the action's id alone, so that a process that died can go on", async () => {
    await gateThat((_, count) => ({ body: count === 1 ? pendingOf() : pendingOf({ status: "approved" }) }));
    await expect(gate.client.waitForApproval(ID, { waitSeconds: 10 })).resolves.toMatchObject({ status: "approved" });
    expect(gate.seen[0]?.query.has("wait")).toBe(false);
    expect(gate.seen[1]?.query.get("wait")).toMatch(/^\d+ms$/);
    expect(gate.seen[1]?.query.get("status")).toBe("pending_approval");
  });

  it("an action that is not pending is answered at once", async () => {
    await gateThat(() => ({ body: actionOf() }));
    await expect(gate.client.waitForApproval(ID, { waitSeconds: 0 })).resolves.toMatchObject({ status: "allowed" });
    expect(gate.seen).toHaveLength(1);
  });

  it("a rejection throws", async () => {
    await gateThat(() => ({ body: pendingOf({ status: "denied", reason_code: "HUMAN_REJECTED" }) }));
    expect(await rejection(gate.client.waitForApproval(ID))).toBeInstanceOf(ApprovalRejected);
  });

  it("ends when the time is over, with the action that is still pending", async () => {
    await gateThat((seen) => (seen.query.has("wait") ? { fault: "silence" } : { body: pendingOf() }));
    const startedMs = performance.now();
    const error = (await rejection(gate.client.waitForApproval(ID, { waitSeconds: 0.15 }))) as ApprovalTimeout;
    expect(error).toBeInstanceOf(ApprovalTimeout);
    expect(error.action.status).toBe("pending_approval");
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  it("a gate that restarts meanwhile does not end the wait", async () => {
    await gateThat((_, count) => {
      if (count === 1) return { body: pendingOf() };
      return count < 8 ? { fault: "drop" } : { body: pendingOf({ status: "approved" }) };
    });
    await expect(gate.client.waitForApproval(ID, { waitSeconds: 20 })).resolves.toMatchObject({ status: "approved" });
  });

  it("a gate that stays away is what the caller is told, when the time is over", async () => {
    await gateThat((_, count) => (count === 1 ? { body: pendingOf() } : { fault: "drop" }));
    const error = await rejection(gate.client.waitForApproval(ID, { waitSeconds: 0.3 }));
    expect(error).toBeInstanceOf(FarameshConnectionError);
  });

  it("a refusal ends the wait at once", async () => {
    await gateThat((_, count) => (count === 1 ? { body: pendingOf() } : problem(401, "unauthorized")));
    await expect(gate.client.waitForApproval(ID, { waitSeconds: 20 })).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("the caller's signal ends it, with the caller's own reason", async () => {
    await gateThat((seen) => (seen.query.has("wait") ? { fault: "silence" } : { body: pendingOf() }));
    const signal = AbortSignal.timeout(100);
    expect(await rejection(gate.client.waitForApproval(ID, { signal }))).toBe(signal.reason);
  });

  it("a gate that does not hold the question is not asked without pause", async () => {
    await gateThat(() => ({ body: pendingOf() }));
    await rejection(gate.client.waitForApproval(ID, { waitSeconds: 0.7 }));
    expect(gate.seen.length).toBeLessThan(6);
  });

  it("a status that is not understood is not an approval", async () => {
    await gateThat(() => ({ body: { ...pendingOf(), status: "yes" } }));
    await expect(gate.client.waitForApproval(ID)).rejects.toMatchObject({ code: "bad_response" });
  });

  it("a wait that is no number of seconds is refused", async () => {
    await gateThat(() => ({ body: pendingOf() }));
    for (const waitSeconds of [-1, Number.NaN, 1e9]) {
      await expect(gate.client.waitForApproval(ID, { waitSeconds })).rejects.toMatchObject({ code: "invalid_request" });
    }
    expect(gate.seen).toEqual([]);
  });
});

describe("waiting for completion", () => {
  it("goes on over every status that is not the end, and answers whatever the end is", async () => {
    const statuses = ["pending_approval", "approved", "executing", "failed"] as const;
    await gateThat((_, count) => ({ body: pendingOf({ status: statuses[count - 1] ?? "failed" }) }));
    await expect(gate.client.waitForCompletion(ID, { waitSeconds: 20 })).resolves.toMatchObject({ status: "failed" });
  });

  it("ends when the time is over, saying where the action stands", async () => {
    await gateThat(() => ({ body: actionOf({ status: "executing" }) }));
    const error = await rejection(gate.client.waitForCompletion(ID, { waitSeconds: 0.1 }));
    expect(error).toBeInstanceOf(CompletionTimeout);
    expect(error).toMatchObject({
      code: "completion_timeout",
      message: expect.stringContaining("executing") as string,
    });
  });
});
