import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Action, ApiKey, CreatedApiKey } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALLOWED, DENIED, HELD, POLICY } from "./policies.js";
import {
  ADMIN_KEY,
  cleanEnvironment,
  type Finished,
  faramesh,
  type Scratch,
  scratch,
  start,
  startGate,
  type TestGate,
} from "./running.js";

let folder: Scratch;
let gate: TestGate;

beforeAll(async () => {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
  gate = await startGate(folder.path("data"), folder.path("policy.yaml"));
});

afterAll(async () => {
  await gate.stop();
  await folder.remove();
});

const run = (...args: string[]): Promise<Finished> => faramesh(args, { cwd: folder.dir, env: gate.env });

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

function submit(action: object): Promise<Action> {
  return submitAs(gate.env, action);
}

async function submitAs(env: Record<string, string>, action: object): Promise<Action> {
  const { stdout } = await faramesh(["submit", "--file", "-", "--json"], { env, input: JSON.stringify(action) });
  return JSON.parse(stdout) as Action;
}

async function keyOf(role: string, name = `${role}-1`): Promise<Record<string, string>> {
  const { key } = await json<CreatedApiKey>("keys", "create", "--name", name, "--role", role);
  return { FARAMESH_URL: gate.url, FARAMESH_API_KEY: key };
}

function codeOf({ stderr }: Finished): string | undefined {
  return /^code: (\w+)$/m.exec(stderr)?.[1];
}

describe("submit", () => {
  it("answers the action, whatever the outcome, and exits 0", async () => {
    expect(await submit(ALLOWED)).toMatchObject({ ...ALLOWED, status: "allowed", outcome: "EXECUTE" });
    expect(await submit(HELD)).toMatchObject({ status: "pending_approval", outcome: "ABSTAIN" });
    expect(await submit(DENIED)).toMatchObject({ status: "denied", outcome: "HALT", rule_id: "never" });
  });

  const refund = ["submit", "--agent", "tester", "--tool", "payments", "--operation", "refund", "-p", "amount:=250"];

  it("shows people the whole params and how to approve, in words that work as pasted", async () => {
    const { code, stdout } = await run(...refund);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pending_approval {2}[0-9a-f-]{36}$/m);
    expect(stdout).toContain('{"amount":250}');
    expect(stdout).not.toContain("\u001b[");
    const [approve = ""] = /^.+ approve [0-9a-f-]{36}$/m.exec(stdout) ?? [];
    // Without the folders of commands that npx adds: a terminal does not have them.
    const PATH = (process.env["PATH"] ?? "").replace(/[^:]*node_modules\/\.bin:/g, "");
    const env = { ...cleanEnvironment(), ...gate.env, PATH };
    const pasted = spawnSync("bash", ["-c", approve], { cwd: folder.dir, env });
    expect(pasted.stdout.toString()).toMatch(/^approved /);
  });

  it("does not show how to approve to a key that cannot", async () => {
    const { code, stdout } = await faramesh(refund, { cwd: folder.dir, env: await keyOf("agent") });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pending_approval /);
    expect(stdout).not.toContain("approve ");
  });

  it("makes the outcome its exit code when asked to", async () => {
    await writeFile(folder.path("denied.json"), JSON.stringify(DENIED));
    expect((await run("submit", "--file", "denied.json", "--exit-code")).code).toBe(4);
  });

  it("answers the same action for the same idempotency key", async () => {
    await writeFile(folder.path("held.json"), JSON.stringify(HELD));
    const args = ["submit", "--file", "held.json", "--idempotency-key", "once"];
    expect((await json<Action>(...args)).id).toBe((await json<Action>(...args)).id);
  });

  it("holds the answer with --wait until a person answers", async () => {
    const { ledger_index } = await submit(ALLOWED);
    const stream = ["events", "--json", "--count", "1", "--after", String(ledger_index)];
    const events = start(stream, { env: gate.env });
    await writeFile(folder.path("waiting.json"), JSON.stringify({ ...HELD, params: { amount: 999 } }));
    const waiting = run("submit", "--file", "waiting.json", "--wait", "20s", "--json");
    const [, id = ""] = await events.until(/"action_id":"([0-9a-f-]{36})"/);
    await run("approve", id);
    expect(JSON.parse((await waiting).stdout)).toMatchObject({ id, status: "approved" });
    await events.stop();
  });

  it("refuses what the gate would refuse, naming the path", async () => {
    await writeFile(folder.path("empty.json"), JSON.stringify({ ...HELD, tool: "" }));
    const failed = await run("submit", "--file", "empty.json");
    expect(failed.code).toBe(1);
    expect(codeOf(failed)).toBe("invalid_action");
    expect(failed.stderr).toContain("$.tool");
  });
});

describe("list, get and explain", () => {
  it("list shows newest first and filters", async () => {
    const first = await submit({ ...HELD, agent_id: "lister" });
    const second = await submit({ ...ALLOWED, agent_id: "lister" });
    const listed = await json<Action[]>("list", "--agent", "lister");
    expect(listed.map((action) => action.id)).toEqual([second.id, first.id]);
    const pending = await json<Action[]>("list", "--agent", "lister", "--status", "pending_approval");
    expect(pending.map((action) => action.id)).toEqual([first.id]);
    expect(await json<Action[]>("list", "--agent", "lister", "--limit", "1")).toHaveLength(1);
    expect((await run("list", "--agent", "lister")).stdout).toMatch(/payments\.refund/);
    expect((await run("list", "--agent", "nobody")).stdout).toBe("no action matches\n");
  });

  it.each([
    [["--status", "done"], "It must be one of allowed, denied, pending_approval,"],
    [["--status", "pending"], "; did you mean pending_approval?"],
    [["--outcome", "halt"], "It must be one of EXECUTE, ABSTAIN, HALT; did you mean HALT?"],
    [["--risk", "severe"], "It must be one of low, medium, high, critical."],
    [["--since", "yesterday"], "It must be an RFC 3339 time such as 2026-01-31T09:30:00Z."],
    [["--until", "2026-01-31"], "It must be an RFC 3339 time such as 2026-01-31T09:30:00Z."],
  ])("list %s says what the option takes", async (option, told) => {
    const failed = await run("list", ...option);
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 2, error: "usage" });
    expect(failed.stderr).toContain(`'${option[0]} <`);
    expect(failed.stderr).toContain(told);
  });

  it("list and tail take each of several statuses, and a time as the gate reads it", async () => {
    const { id, ledger_index } = await submit({ ...ALLOWED, agent_id: "dated" });
    const since = new Date(Date.now() - 60_000).toISOString().replace("Z", "+00:00").toLowerCase();
    const statuses = ["--status", "allowed", "--status", "denied"];
    const listed = await json<Action[]>("list", "--agent", "dated", "--since", since, ...statuses);
    expect(listed.map((action) => action.id)).toEqual([id]);
    const tailed = await run("tail", ...statuses, "--after", String(ledger_index - 1), "--count", "1");
    expect(tailed.stdout).toContain(id);
  });

  it("get takes a unique beginning of an id", async () => {
    const { id } = await submit(ALLOWED);
    const near = await submit(ALLOWED);
    let unique = 4;
    while (near.id.startsWith(id.slice(0, unique))) unique += 1;
    const all = await json<Action[]>("list", "--limit", "1000");
    while (all.filter((action) => action.id.startsWith(id.slice(0, unique))).length > 1) unique += 1;
    expect(await json<Action>("get", id.slice(0, unique))).toMatchObject({ id });
    expect((await run("get", id)).stdout).toContain("tester");
  });

  it("an ambiguous beginning lists the candidates and exits 1", async () => {
    const [one, two] = [await submit(ALLOWED), await submit(HELD)];
    const failed = await run("get", one.id.slice(0, 4));
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
      const failed = await run("get", id);
      expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "not_found" });
    }
  });

  it("explain decides a recorded action again and shows the rules", async () => {
    const { id } = await submit(DENIED);
    const { code, stdout } = await run("explain", id);
    expect(code).toBe(0);
    expect(stdout).toContain("the same today");
    expect(stdout).toMatch(/→\s+never\s+deny\s+matched/);
    const { trace } = await json<{ trace: { rule_id: string }[] }>("explain", id);
    expect(trace.map((step) => step.rule_id)).toContain("never");
  });

  it("decide asks the gate where no policy is given, and stores nothing", async () => {
    const before = (await json<Action[]>("list", "--limit", "1000")).length;
    await writeFile(folder.path("denied.json"), JSON.stringify(DENIED));
    const decision = await json<{ outcome: string }>("decide", "--file", "denied.json");
    expect(decision.outcome).toBe("HALT");
    expect(await json<Action[]>("list", "--limit", "1000")).toHaveLength(before);
  });
});

describe("approve and reject", () => {
  it("approve answers the action, with who and why", async () => {
    const { id } = await submit(HELD);
    const { code, stdout } = await run("approve", id, "--reason", "checked with the customer");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^approved/);
    expect(stdout).toMatch(/^ +policy said +ABSTAIN; then HUMAN_APPROVED$/m);
    expect(await json<Action>("get", id)).toMatchObject({
      status: "approved",
      approval: { note: "checked with the customer", decided_by: [{ via: "key" }] },
    });
  });

  it("reject denies it as HUMAN_REJECTED", async () => {
    const { id } = await submit(HELD);
    expect(await json<Action>("reject", id, "--reason", "no")).toMatchObject({
      status: "denied",
      reason_code: "HUMAN_REJECTED",
    });
  });

  it("trap: a second answer is refused, so a stale click decides nothing", async () => {
    const { id } = await submit(HELD);
    await run("reject", id);
    const failed = await run("approve", id);
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "already_decided" });
  });

  it("trap: an agent key approves nothing, and is never shown the token that would", async () => {
    const agent = await keyOf("agent");
    const submitted = await submitAs(agent, HELD);
    expect(submitted).not.toHaveProperty("approval_token");
    const failed = await faramesh(["approve", submitted.id], { env: agent });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "forbidden" });
  });

  it("trap: a beginning of an action that is decided already never stands for another, pending one", async () => {
    const { id: meant } = await submit(HELD);
    await run("reject", meant);
    const { id: other } = await submit(HELD);
    const shared = Array.from(meant).findIndex((character, index) => character !== other[index]);
    const failed = await run("approve", meant.slice(0, Math.max(4, shared)));
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "ambiguous_id" });
    expect(codeOf(await run("approve", meant.slice(0, 30)))).toBe("already_decided");
  });

  it("only a named approver may decide where the rule names them", async () => {
    const { id } = await submit({ ...HELD, operation: "payout" });
    const other = await faramesh(["approve", id], { env: await keyOf("approver", "sales") });
    expect(codeOf(other)).toBe("forbidden");
    expect((await faramesh(["approve", id], { env: await keyOf("approver", "finance") })).code).toBe(0);
  });
});

describe("events and tail", () => {
  it("events --json gives one JSON object a line, and resumes behind an index", async () => {
    const { id, ledger_index } = await submit({ ...HELD, agent_id: "streamer" });
    await run("approve", id);
    const args = ["events", "--json", "--agent", "streamer", "--after", String(ledger_index - 1), "--count", "2"];
    const { code, stdout } = await run(...args);
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
    const { ledger_index } = await submit(ALLOWED);
    const tail = start(["tail", "--agent", "tailed", "--after", String(ledger_index)], { env: gate.env });
    const { id } = await submit({ ...DENIED, agent_id: "tailed" });
    await tail.until(new RegExp(`denied .*tailed {2}shell\\.exec .*Not here \\[never\\].*${id}`));
    expect((await tail.stop("SIGINT")).code).toBe(0);
  });

  it("tail and get --events say of a rejected action who rejected it, and what they said", async () => {
    const { id, ledger_index } = await submit(HELD);
    const env = await keyOf("approver", "vera");
    await faramesh(["reject", id, "--reason", "not our order"], { env });
    const silent = await submit(HELD);
    await faramesh(["reject", silent.id], { env });
    const args = ["tail", "--status", "denied", "--after", String(ledger_index), "--count", "2"];
    const lines = (await run(...args)).stdout.trim().split("\n");
    expect(lines[0]).toMatch(new RegExp(`denied .*payments\\.refund {2}rejected by vera: not our order {2}${id}$`));
    expect(lines[1]).toMatch(new RegExp(`denied .*payments\\.refund {2}rejected by vera {2}${silent.id}$`));
    expect((await run("get", id, "--events")).stdout).toContain("rejected by vera: not our order");
  });
});

describe("keys", () => {
  it("create shows a key once that works with its role; list never shows it", async () => {
    const { code, stdout } = await run("keys", "create", "--name", "reader", "--role", "auditor");
    expect(code).toBe(0);
    const key = /^fm_\S+$/m.exec(stdout)?.[0] ?? "";
    const listed = await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: key } });
    expect(listed.code).toBe(0);
    const keys = await run("keys", "list");
    expect(keys.stdout).toContain("reader");
    expect(keys.stdout).not.toContain(key);
    expect(JSON.stringify(await json("keys", "list"))).not.toContain(key);
  });

  it("rotate stops the old key, revoke stops the new one, by a beginning of the id", async () => {
    const made = await json<CreatedApiKey>("keys", "create", "--name", "short-lived", "--role", "developer");
    const works = async (key: string) =>
      (await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: key } })).code === 0;
    const rotated = await json<CreatedApiKey>("keys", "rotate", made.id.slice(0, 12));
    expect([await works(made.key), await works(rotated.key)]).toEqual([false, true]);
    expect((await run("keys", "revoke", made.id.slice(0, 12))).code).toBe(0);
    expect(await works(rotated.key)).toBe(false);
  });

  it("are for admins only", async () => {
    const failed = await faramesh(["keys", "list"], { env: await keyOf("developer") });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "forbidden" });
    expect(failed.stderr).toContain("a key with the role developer may not do this; it takes admin\n");
    expect(failed.stderr).toMatch(/^hint: .*admin\.key/m);
  });

  it("of one name are made, and said to be", async () => {
    const create = () => run("keys", "create", "--name", "twin", "--role", "approver");
    const first = await create();
    const [, id = ""] = /^ +id +(\S+)$/m.exec(first.stdout) ?? [];
    expect(first.stdout).not.toContain("Another active key");
    expect((await create()).stdout).toContain(`Another active key is called twin too: ${id}.`);
    for (const { id: one } of (await json<ApiKey[]>("keys", "list")).filter(({ name }) => name === "twin")) {
      await run("keys", "revoke", one);
    }
    expect((await create()).stdout).not.toContain("Another active key");
  });

  it("refuse a role that does not exist with exit 2", async () => {
    expect((await run("keys", "create", "--name", "x", "--role", "root")).code).toBe(2);
  });
});

describe("agents", () => {
  it("disable halts an agent and enable lets it be decided again", async () => {
    const agent = { ...ALLOWED, agent_id: "loose" };
    await submit(agent);
    expect(await json("agents", "disable", "loose", "--reason", "misbehaved")).toMatchObject({ enabled: false });
    expect(await submit(agent)).toMatchObject({ outcome: "HALT", reason_code: "AGENT_DISABLED" });
    expect((await run("agents", "list")).stdout).toMatch(/loose\s+disabled\s+2\s+.*misbehaved/);
    expect((await run("agents", "enable", "loose")).stdout).toBe("loose is enabled\n");
    expect(await submit(agent)).toMatchObject({ outcome: "EXECUTE" });
  });
});

describe("policy show", () => {
  it("shows the rules that are active on the gate", async () => {
    const { code, stdout } = await run("policy", "show");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cli-tests v1 {2}[0-9a-f]{64}/);
    expect(stdout).toContain("finance-only");
    expect(await json("policy", "show")).toMatchObject({
      id: "cli-tests",
      version: 1,
      rules: [{ id: "read" }, {}, {}, {}],
    });
  });
});

describe("keys and addresses", () => {
  it("a key is found in the data directory of a gate on this machine", async () => {
    await writeFile(folder.path("data", "developer.key"), `${ADMIN_KEY}\n`, { mode: 0o600 });
    const { code } = await faramesh(["list", "--url", gate.url, "--data", "data"], { cwd: folder.dir });
    expect(code).toBe(0);
  });

  it("a wrong key is unauthorized, with a hint and without an echo of it", async () => {
    const failed = await faramesh(["list"], { env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: "fm_wrong_secret" } });
    expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "unauthorized" });
    expect(failed.stderr).toContain("hint: ");
    expect(failed.stderr).not.toContain("fm_wrong_secret");
  });

  it("no key at all is said to be none, with what to set", async () => {
    const env = { FARAMESH_URL: gate.url };
    for (const [args, said] of [
      [["keys", "list"], "error: no key was sent\n"],
      [["list"], "error: No key was sent: set FARAMESH_API_KEY"],
    ] as const) {
      const failed = await faramesh(args, { cwd: folder.dir, env });
      expect({ code: failed.code, error: codeOf(failed) }).toEqual({ code: 1, error: "unauthorized" });
      expect(failed.stderr).toContain(said);
      expect(failed.stderr).toMatch(/^hint: set FARAMESH_API_KEY/m);
    }
  });

  it("a gate that is not there is unreachable, never an empty list", async () => {
    for (const args of [["list"], ["keys", "list"], ["get", "abcd"]]) {
      const failed = await faramesh([...args, "--url", "http://127.0.0.1:1"], { cwd: folder.dir });
      expect({ code: failed.code, stdout: failed.stdout, error: codeOf(failed) }).toEqual({
        code: 1,
        stdout: "",
        error: "unreachable",
      });
    }
  });
});

describe("doctor", () => {
  it("finds nothing wrong with a gate that works", async () => {
    const { code, stdout } = await run("doctor", "--data", "data", "--policy", "policy.yaml");
    expect(stdout).not.toMatch(/^!!/m);
    expect(code).toBe(0);
    for (const name of [
      "node",
      "data directory",
      "policy file",
      "gate",
      "clock",
      "gate store",
      "key",
      "policy in use",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok {2}${name} `, "m"));
    }
    expect(stdout).toContain("role admin");
  });

  it("names each thing that is wrong and exits 1", async () => {
    const open = await scratch();
    await writeFile(join(open.dir, "admin.key"), "fm_x_y", { mode: 0o644 });
    await writeFile(open.path("broken.yaml"), "version: 1\nrulez: []\n");
    const args = ["doctor", "--data", open.dir, "--policy", open.path("broken.yaml"), "--url", "http://127.0.0.1:1"];
    const { code, stdout } = await faramesh(args, { cwd: open.dir });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}data directory .*admin\.key.*chmod 600/m);
    expect(stdout).toMatch(/^!! {2}policy file .*broken\.yaml:\d+:\d+: /m);
    expect(stdout).toMatch(/^!! {2}gate .*cannot reach/m);
    const report = JSON.parse((await faramesh([...args, "--json"], { cwd: open.dir })).stdout) as { ok: boolean };
    expect(report.ok).toBe(false);
    await open.remove();
  });

  it("warns where the gate decides by another policy than the file says, and not of another spelling", async () => {
    const changed = folder.path("changed.yaml");
    await writeFile(changed, `# the same\n${POLICY}`);
    const same = await run("doctor", "--data", "data", "--policy", "changed.yaml");
    expect(same.stdout).toMatch(/^ok {2}policy in use /m);
    await writeFile(changed, POLICY.replace("Not here", "Not anywhere"));
    const { code, stdout } = await run("doctor", "--data", "data", "--policy", "changed.yaml");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\?\? {2}policy in use +the gate decides by cli-tests v1, not by changed\.yaml: .*SIGHUP/m);
    const auditor = await faramesh(["doctor", "--policy", "changed.yaml"], {
      cwd: folder.dir,
      env: await keyOf("approver", "no-reader"),
    });
    expect(auditor.stdout).not.toContain("policy in use");
  });

  it("looks at the policy that dev uses in this folder", async () => {
    const here = await scratch();
    const looked = async () => (await faramesh(["doctor", "--url", "http://127.0.0.1:1"], { cwd: here.dir })).stdout;
    expect(await looked()).toMatch(/^ok {2}policy file +no faramesh\.yaml here: `node \S+main\.js init` writes one$/m);
    await mkdir(here.path(".faramesh"));
    await writeFile(here.path(".faramesh", "policy.yaml"), POLICY);
    expect(await looked()).toMatch(/^ok {2}policy file +\.faramesh\/policy\.yaml: 4 rules/m);
    await writeFile(here.path("faramesh.yaml"), POLICY);
    expect(await looked()).toMatch(/^ok {2}policy file +faramesh\.yaml: 4 rules/m);
    await here.remove();
  });

  it("says how to give a key where there is none", async () => {
    const { code, stdout } = await faramesh(["doctor"], { cwd: folder.dir, env: { FARAMESH_URL: gate.url } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}key +no key: set FARAMESH_API_KEY or use --data DIR$/m);
  });

  it("says when the key is not known to the gate", async () => {
    const args = ["doctor", "--url", gate.url];
    const { code, stdout } = await faramesh(args, { cwd: folder.dir, env: { FARAMESH_API_KEY: "fm_wrong_secret" } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! {2}key .*the environment/m);
    expect(stdout).not.toContain("fm_wrong_secret");
  });
});
