import type { Action } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientGate, codeOf } from "./client-gate.js";
import { ALLOWED, DENIED, HELD } from "./policies.js";
import { faramesh, start } from "./running.js";

let gate: ClientGate;
beforeAll(async () => {
  gate = await ClientGate.start();
});
afterAll(() => gate.stop());

describe("approve and reject", () => {
  it("approve answers the action, with who and why", async () => {
    const { id } = await gate.submit(HELD);
    const { code, stdout } = await gate.run("approve", id, "--reason", "checked with the customer");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^approved/);
    expect(stdout).toMatch(/^ +policy said +ABSTAIN; then HUMAN_APPROVED$/m);
    expect(await gate.json<Action>("get", id)).toMatchObject({
      status: "approved",
      approval: { note: "checked with the customer", decided_by: [{ via: "key" }] },
    });
  });

  it("reject denies it as HUMAN_REJECTED", async () => {
    const { id } = await gate.submit(HELD);
    expect(await gate.json<Action>("reject", id, "--reason", "no")).toMatchObject({
      status: "denied",
      reason_code: "HUMAN_REJECTED",
    });
  });

  it("trap: a second answer is refused, so a stale click decides nothing", async () => {
    const { id } = await gate.submit(HELD);
    await gate.run("reject", id);
    const failed = await gate.run("approve", id);
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "already_decided" });
  });

  it("trap: an agent key approves nothing, and is never shown the token that would", async () => {
    const agent = await gate.keyOf("agent");
    const submitted = await gate.submit(HELD, agent);
    expect(submitted).not.toHaveProperty("approval_token");
    const failed = await faramesh(["approve", submitted.id], { env: agent });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "forbidden" });
  });

  it("trap: a beginning of an action that is decided already never stands for another, pending one", async () => {
    const { id: meant } = await gate.submit(HELD);
    await gate.run("reject", meant);
    const { id: other } = await gate.submit(HELD);
    const shared = Array.from(meant).findIndex((character, index) => character !== other[index]);
    const failed = await gate.run("approve", meant.slice(0, Math.max(4, shared)));
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "ambiguous_id" });
    expect(codeOf(await gate.run("approve", meant.slice(0, 30)))).toBe("already_decided");
  });

  it("only a named approver may decide where the rule names them", async () => {
    const { id } = await gate.submit({ ...HELD, operation: "payout" });
    const other = await faramesh(["approve", id], { env: await gate.keyOf("approver", "sales") });
    expect(codeOf(other)).toBe("forbidden");
    expect((await faramesh(["approve", id], { env: await gate.keyOf("approver", "finance") })).code).toBe(0);
  });
});

describe("events and tail", () => {
  it("events --json gives one JSON object a line, and resumes behind an index", async () => {
    const { id, ledger_index } = await gate.submit({ ...HELD, agent_id: "streamer" });
    await gate.run("approve", id);
    const args = ["events", "--json", "--agent", "streamer", "--after", String(ledger_index - 1), "--count", "2"];
    const { code, stdout } = await gate.run(...args);
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; action_id: string });
    expect(events).toMatchObject([
      { type: "action.pending_approval", action_id: id },
      { type: "action.approved", action_id: id },
    ]);
  });

  it("tail writes one readable line an event and ends well on Ctrl-C", async () => {
    const { ledger_index } = await gate.submit(ALLOWED);
    const tail = start(["tail", "--agent", "tailed", "--after", String(ledger_index)], { env: gate.env });
    const { id } = await gate.submit({ ...DENIED, agent_id: "tailed" });
    await tail.until(new RegExp(`denied .*tailed {2}shell\\.exec .*Not here \\[never\\].*${id}`));
    expect((await tail.stop("SIGINT")).code).toBe(0);
  });

  it("tail and get --events say of a rejected action who rejected it, and what they said", async () => {
    const { id, ledger_index } = await gate.submit(HELD);
    const env = await gate.keyOf("approver", "vera");
    await faramesh(["reject", id, "--reason", "not our order"], { env });
    const silent = await gate.submit(HELD);
    await faramesh(["reject", silent.id], { env });
    const args = ["tail", "--status", "denied", "--after", String(ledger_index), "--count", "2"];
    const lines = (await gate.run(...args)).stdout.trim().split("\n");
    expect(lines[0]).toMatch(new RegExp(`denied .*payments\\.refund {2}rejected by vera: not our order {2}${id}$`));
    expect(lines[1]).toMatch(new RegExp(`denied .*payments\\.refund {2}rejected by vera {2}${silent.id}$`));
    expect((await gate.run("get", id, "--events")).stdout).toContain("rejected by vera: not our order");
  });
});
