import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import type { Action } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientGate, codeOf } from "./client-gate.js";
import { ALLOWED, DENIED, HELD } from "./policies.js";
import { cleanEnvironment, faramesh, start } from "./running.js";

let gate: ClientGate;
beforeAll(async () => {
  gate = await ClientGate.start();
});
afterAll(() => gate.stop());

describe("submit", () => {
  it("answers the action, whatever the outcome, and exits 0", async () => {
    expect(await gate.submit(ALLOWED)).toMatchObject({ ...ALLOWED, status: "allowed", outcome: "EXECUTE" });
    expect(await gate.submit(HELD)).toMatchObject({ status: "pending_approval", outcome: "ABSTAIN" });
    expect(await gate.submit(DENIED)).toMatchObject({ status: "denied", outcome: "HALT", rule_id: "never" });
  });

  const refund = ["submit", "--agent", "tester", "--tool", "payments", "--operation", "refund", "-p", "amount:=250"];

  it("shows people the whole params and how to approve, in words that work as pasted", async () => {
    const { code, stdout } = await gate.run(...refund);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pending_approval {2}[0-9a-f-]{36}$/m);
    expect(stdout).toContain('{"amount":250}');
    expect(stdout).not.toContain("\u001b[");
    const [approve = ""] = /^.+ approve [0-9a-f-]{36}$/m.exec(stdout) ?? [];
    // Without the folders of commands that npx adds: a terminal does not have them.
    const PATH = (process.env["PATH"] ?? "").replace(/[^:]*node_modules\/\.bin:/g, "");
    const env = { ...cleanEnvironment(), ...gate.env, PATH };
    const pasted = spawnSync("bash", ["-c", approve], { cwd: gate.folder.dir, env });
    expect(pasted.stdout.toString()).toMatch(/^approved /);
  });

  it("does not show how to approve to a key that cannot", async () => {
    const { code, stdout } = await faramesh(refund, { cwd: gate.folder.dir, env: await gate.keyOf("agent") });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pending_approval /);
    expect(stdout).not.toContain("approve ");
  });

  it("makes the outcome its exit code when asked to", async () => {
    await writeFile(gate.folder.path("denied.json"), JSON.stringify(DENIED));
    expect((await gate.run("submit", "--file", "denied.json", "--exit-code")).code).toBe(4);
  });

  it("answers the same action for the same idempotency key", async () => {
    await writeFile(gate.folder.path("held.json"), JSON.stringify(HELD));
    const args = ["submit", "--file", "held.json", "--idempotency-key", "once"];
    expect((await gate.json<Action>(...args)).id).toBe((await gate.json<Action>(...args)).id);
  });

  it("holds the answer with --wait until a person answers", async () => {
    const { ledger_index } = await gate.submit(ALLOWED);
    const stream = ["events", "--json", "--count", "1", "--after", String(ledger_index)];
    const events = start(stream, { env: gate.env });
    await writeFile(gate.folder.path("waiting.json"), JSON.stringify({ ...HELD, params: { amount: 999 } }));
    const waiting = gate.run("submit", "--file", "waiting.json", "--wait", "20s", "--json");
    const [, id = ""] = await events.until(/"action_id":"([0-9a-f-]{36})"/);
    await gate.run("approve", id);
    expect(JSON.parse((await waiting).stdout)).toMatchObject({ id, status: "approved" });
    await events.stop();
  });

  it("refuses what the gate would refuse, naming the path", async () => {
    await writeFile(gate.folder.path("empty.json"), JSON.stringify({ ...HELD, tool: "" }));
    const failed = await gate.run("submit", "--file", "empty.json");
    expect(failed.code).toBe(1);
    expect(codeOf(failed)).toBe("invalid_action");
    expect(failed.stderr).toContain("$.tool");
  });
});

describe("list, get and explain", () => {
  it("list shows newest first and filters", async () => {
    const first = await gate.submit({ ...HELD, agent_id: "lister" });
    const second = await gate.submit({ ...ALLOWED, agent_id: "lister" });
    const listed = await gate.json<Action[]>("list", "--agent", "lister");
    expect(listed.map((action) => action.id)).toEqual([second.id, first.id]);
    const pending = await gate.json<Action[]>("list", "--agent", "lister", "--status", "pending_approval");
    expect(pending.map((action) => action.id)).toEqual([first.id]);
    expect(await gate.json<Action[]>("list", "--agent", "lister", "--limit", "1")).toHaveLength(1);
    expect((await gate.run("list", "--agent", "lister")).stdout).toMatch(/payments\.refund/);
    expect((await gate.run("list", "--agent", "nobody")).stdout).toBe("no action matches\n");
  });

  it.each([
    [["--status", "done"], "It must be one of allowed, denied, pending_approval,"],
    [["--status", "pending"], "; did you mean pending_approval?"],
    [["--outcome", "halt"], "It must be one of EXECUTE, ABSTAIN, HALT; did you mean HALT?"],
    [["--risk", "severe"], "It must be one of low, medium, high, critical."],
    [["--since", "yesterday"], "It must be an RFC 3339 time such as 2026-01-31T09:30:00Z."],
    [["--until", "2026-01-31"], "It must be an RFC 3339 time such as 2026-01-31T09:30:00Z."],
  ])("list %s says what the option takes", async (option, told) => {
    const failed = await gate.run("list", ...option);
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 2, error: "usage" });
    expect(failed.stderr).toContain(`'${option[0]} <`);
    expect(failed.stderr).toContain(told);
  });

  it("list and tail take each of several statuses, and a time as the gate reads it", async () => {
    const { id, ledger_index } = await gate.submit({ ...ALLOWED, agent_id: "dated" });
    const since = new Date(Date.now() - 60_000).toISOString().replace("Z", "+00:00").toLowerCase();
    const statuses = ["--status", "allowed", "--status", "denied"];
    const listed = await gate.json<Action[]>("list", "--agent", "dated", "--since", since, ...statuses);
    expect(listed.map((action) => action.id)).toEqual([id]);
    const tailed = await gate.run("tail", ...statuses, "--after", String(ledger_index - 1), "--count", "1");
    expect(tailed.stdout).toContain(id);
  });

  it("get takes a unique beginning of an id", async () => {
    const { id } = await gate.submit(ALLOWED);
    const near = await gate.submit(ALLOWED);
    let unique = 4;
    while (near.id.startsWith(id.slice(0, unique))) unique += 1;
    const all = await gate.json<Action[]>("list", "--limit", "1000");
    while (all.filter((action) => action.id.startsWith(id.slice(0, unique))).length > 1) unique += 1;
    expect(await gate.json<Action>("get", id.slice(0, unique))).toMatchObject({ id });
    expect((await gate.run("get", id)).stdout).toContain("tester");
  });

  it("an ambiguous beginning lists the candidates and exits 1", async () => {
    const [one, two] = [await gate.submit(ALLOWED), await gate.submit(HELD)];
    const failed = await gate.run("get", one.id.slice(0, 4));
    expect({ code: failed.code, error: codeOf(failed), stdout: failed.stdout }).toEqual({
      code: 1,
      error: "ambiguous_id",
      stdout: "",
    });
    expect(failed.stderr).toContain(one.id);
    expect(failed.stderr).toContain(two.id);
  });

  it("an id that is not there is not_found", async () => {
    for (const id of ["ffff", "01890000-0000-7000-8000-000000000000"]) {
      const failed = await gate.run("get", id);
      expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "not_found" });
    }
  });

  it("explain decides a recorded action again and shows the rules", async () => {
    const { id } = await gate.submit(DENIED);
    const { code, stdout } = await gate.run("explain", id);
    expect(code).toBe(0);
    expect(stdout).toContain("the same today");
    expect(stdout).toMatch(/→\s+never\s+deny\s+matched/);
    const { trace } = await gate.json<{ trace: { rule_id: string }[] }>("explain", id);
    expect(trace.map((step) => step.rule_id)).toContain("never");
  });

  it("decide asks the gate where no policy is given, and stores nothing", async () => {
    const before = (await gate.json<Action[]>("list", "--limit", "1000")).length;
    await writeFile(gate.folder.path("denied.json"), JSON.stringify(DENIED));
    const decision = await gate.json<{ outcome: string }>("decide", "--file", "denied.json");
    expect(decision.outcome).toBe("HALT");
    expect(await gate.json<Action[]>("list", "--limit", "1000")).toHaveLength(before);
  });
});
