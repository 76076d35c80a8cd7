import type { Action } from "@faramesh/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGate, type TestGate } from "./gate.js";
import { lossyWayTo } from "./lossy-gate.js";
import { Recorded, textOf } from "./wrapped.js";

const POLICY = `version: 1
name: mcp-held
rules:
  - id: pay
    match: { tool: pay, operation: call }
    require_approval: { approvers: [approver] }
    reason: Payments need a person
  - id: brief
    match: { tool: echo, operation: call }
    require_approval: { expires_in: 1s }
  - id: slow
    match: { tool: slow, operation: call }
    allow: true
`;
const CALL = { text: "100 EUR" };

let gate: TestGate;
let recorded: Recorded;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());
afterEach(() => recorded.stop());

/** Every action of a tool, the newest first. */
const actions = (tool: string): Promise<Action[]> => gate.admin.listActions({ tool, limit: 100 });

/** Waits for an action with this status. */
async function withStatus(tool: string, status: Action["status"]): Promise<Action> {
  for (;;) {
    const found = (await actions(tool)).find((action) => action.status === status);
    if (found !== undefined) return found;
  }
}

/** The id of the action that a result names. */
function actionOf(result: { _meta?: Record<string, unknown> | undefined }): string {
  const { id } = (result._meta?.["faramesh/action"] ?? { id: "none" }) as { id: string };
  return id;
}

describe("a held call", () => {
  it("runs once a person approves while it waits, exactly once", async () => {
    recorded = await Recorded.start({ gate });
    const call = recorded.call("pay", CALL);
    const { id } = await withStatus("pay", "pending_approval");
    expect(recorded.reached).toEqual([]);
    await gate.approver.approveAction(id);
    expect(textOf(await call)).toBe("paid 100 EUR");
    expect(recorded.reached).toEqual([{ tool: "pay", args: CALL }]);
    expect(await gate.admin.getAction(id)).toMatchObject({ status: "succeeded" });
  });

  it("does not run when a person rejects it while it waits", async () => {
    recorded = await Recorded.start({ gate });
    const call = recorded.call("pay", CALL);
    const { id } = await withStatus("pay", "pending_approval");
    await gate.approver.rejectAction(id, { reason: "not this one" });
    const result = await call;
    expect(textOf(result)).toContain("A person rejected pay call: not this one");
    expect(recorded.reached).toEqual([]);
  });

  it("does not run when nobody answers before the approval expires", async () => {
    recorded = await Recorded.start({ gate });
    const result = await recorded.call("echo", CALL);
    expect(textOf(result)).toContain("Nobody approved");
    expect(recorded.reached).toEqual([]);
  });

  it("is answered, when the wait is over, with its action and how to resume, and does not run", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const result = await recorded.call("pay", CALL);
    expect(result.isError).toBe(true);
    const { id } = await withStatus("pay", "pending_approval");
    expect(actionOf(result)).toBe(id);
    expect(textOf(result)).toContain(`held for approval by approver`);
    expect(textOf(result)).toContain(`Action ${id}`);
    expect(textOf(result)).toContain("with exactly the same arguments");
    expect(recorded.reached).toEqual([]);
    await gate.admin.cancelAction(id);
  });

  it("is the same action when it is called again, and runs once after the approval", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const before = (await actions("pay")).length;
    const id = actionOf(await recorded.call("pay", CALL));
    expect(actionOf(await recorded.call("pay", CALL))).toBe(id);
    await gate.approver.approveAction(id);
    expect(recorded.reached).toEqual([]);
    expect(textOf(await recorded.call("pay", CALL))).toBe("paid 100 EUR");
    expect(recorded.reached).toHaveLength(1);
    expect(await actions("pay")).toHaveLength(before + 1);
    expect(actionOf(await recorded.call("pay", CALL))).not.toBe(id);
    expect(recorded.reached).toHaveLength(1);
  });

  it("is the same action, too, when the gate was away in between", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const id = actionOf(await recorded.call("pay", CALL));
    await gate.pause();
    expect(textOf(await recorded.call("pay", CALL))).toContain("did not run");
    await gate.resume();
    expect(actionOf(await recorded.call("pay", CALL))).toBe(id);
    expect(recorded.reached).toEqual([]);
  });

  it("is one action, too, when the answer to its submission was lost", async () => {
    const lossy = await lossyWayTo(gate.url);
    recorded = await Recorded.start({ gate: { ...gate, url: lossy.url }, options: ["--wait-seconds", "0"] });
    const before = (await actions("pay")).length;
    lossy.losing = true;
    expect(textOf(await recorded.call("pay", CALL))).toContain("did not run");
    const [recordedThen] = await actions("pay");
    lossy.losing = false;
    expect(actionOf(await recorded.call("pay", CALL))).toBe(recordedThen?.id);
    expect(await actions("pay")).toHaveLength(before + 1);
    expect(recorded.reached).toEqual([]);
    await lossy.stop();
  });

  it("with other arguments is another action", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const id = actionOf(await recorded.call("pay", CALL));
    const other = actionOf(await recorded.call("pay", { text: "200 EUR" }));
    expect(other).not.toBe(id);
    expect(await gate.admin.getAction(other)).toMatchObject({
      params: { text: "200 EUR" },
      status: "pending_approval",
    });
  });

  it("that was approved is run by one of two equal calls at once, and the other is an action of its own", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const id = actionOf(await recorded.call("pay", CALL));
    await gate.approver.approveAction(id);
    const results = await Promise.all([recorded.call("pay", CALL), recorded.call("pay", CALL)]);
    expect(recorded.reached).toHaveLength(1);
    expect(results.map(textOf)).toContain("paid 100 EUR");
    const [held] = results.filter(({ isError }) => isError === true);
    expect(await gate.admin.getAction(actionOf(held ?? {}))).toMatchObject({ status: "pending_approval" });
  });

  it("that was rejected in between is not run when it is called again", async () => {
    recorded = await Recorded.start({ gate, options: ["--wait-seconds", "0"] });
    const id = actionOf(await recorded.call("pay", CALL));
    await gate.approver.rejectAction(id);
    expect(textOf(await recorded.call("pay", CALL))).toContain("A person rejected");
    expect(recorded.reached).toEqual([]);
  });

  it("that the client cancels is withdrawn from the gate, and never runs", async () => {
    recorded = await Recorded.start({ gate });
    const cancelling = new AbortController();
    const before = new Set((await actions("pay")).map(({ id }) => id));
    const call = recorded.call("pay", CALL, { signal: cancelling.signal });
    let pending: Action | undefined;
    while (pending === undefined) {
      pending = (await actions("pay")).find(({ id, status }) => !before.has(id) && status === "pending_approval");
    }
    cancelling.abort();
    await expect(call).rejects.toThrow();
    const ended = await gate.admin.waitForCompletion(pending.id, { waitSeconds: 20 });
    expect(ended.status).toBe("cancelled");
    await expect(gate.approver.approveAction(pending.id)).rejects.toThrow();
    expect(recorded.reached).toEqual([]);
  });

  it("tells a client that asked for it how it goes on", async () => {
    recorded = await Recorded.start({ gate });
    const heard: string[] = [];
    const first = new Promise<void>((resolve) => {
      const onprogress = ({ message = "" }) => {
        heard.push(message);
        resolve();
      };
      recorded.call("pay", { text: "told" }, { onprogress }).catch(() => {});
    });
    await first;
    expect(heard[0]).toContain("pay call is held for approval by approver");
  });

  it("that runs is aborted at the server when the client cancels it", async () => {
    recorded = await Recorded.start({ gate });
    const cancelling = new AbortController();
    const call = recorded.call("slow", {}, { signal: cancelling.signal });
    while (recorded.reached.length === 0) await new Promise(setImmediate);
    cancelling.abort();
    await expect(call).rejects.toThrow();
    await withStatus("slow", "failed");
    while (recorded.reached.length < 2) await new Promise(setImmediate);
    expect(recorded.reached[1]).toEqual({ aborted: true });
  });

  it("of a 2026-07-28 client parks with sealed state, and goes on with the same action", async () => {
    recorded = await Recorded.start({
      gate,
      options: ["--wait-seconds", "1"],
      client: { versionNegotiation: { mode: { pin: "2026-07-28" } } },
    });
    const before = new Set((await actions("pay")).map(({ id }) => id));
    const call = recorded.call("pay", CALL);
    let pending: Action | undefined;
    while (pending === undefined) pending = (await actions("pay")).find(({ id }) => !before.has(id));
    // Longer than one round: the client has come back with the state by then.
    await expect(gate.admin.waitForApproval(pending.id, { waitSeconds: 1.5 })).rejects.toThrow();
    await gate.approver.approveAction(pending.id);
    await call;
    expect(recorded.reached).toEqual([{ tool: "pay", args: CALL }]);
    expect((await actions("pay")).filter(({ id }) => !before.has(id))).toHaveLength(1);
  });
});
