import { readFile, rename, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ClientGate, codeOf } from "./client-gate.js";
import { ALLOWED, DENIED, POLICY } from "./policies.js";
import { ADMIN_KEY, type Finished, faramesh, type Running, type Scratch, scratch, start } from "./running.js";

let gate: ClientGate;
let folder: Scratch;
beforeAll(async () => {
  [gate, folder] = await Promise.all([ClientGate.start(), scratch()]);
});
afterAll(() => Promise.all([gate.stop(), folder.remove()]));

const BOTS = `version: 1
name: bots
applies_to: { agent_id: "bot-*" }
rules:
  - { id: shell, match: { tool: shell, operation: exec, params: { cmd: ls } }, allow: true }
`;
const STRICTER = BOTS.replace("cmd: ls", "cmd: pwd");
const CASES = `- name: listing runs
  action: { agent_id: bot-1, tool: shell, operation: exec, params: { cmd: ls } }
  expect: { outcome: EXECUTE }
`;
const LS = { agent_id: "bot-1", tool: "shell", operation: "exec", params: { cmd: "ls" } };

const write = (name: string, text: string): Promise<void> => writeFile(folder.path(name), text);
const policy = (...args: string[]): Promise<Finished> =>
  faramesh(["policy", ...args], { cwd: folder.dir, env: gate.env });

describe("policy push, activate, rollback, deactivate", () => {
  it("record a file with its tests, make it decide, take it back and end it", async () => {
    await write("bots.yaml", BOTS);
    await write("bots.test.yaml", CASES);
    const pushed = await policy("push", "bots.yaml", "--note", "first");
    expect(pushed.stdout).toBe("recorded bots v1\nit does not decide yet: faramesh policy activate bots 1\n");
    expect((await policy("activate", "bots", "1")).stdout).toBe("bots v1 decides from now on\n");
    expect(await gate.submit(LS)).toMatchObject({ outcome: "EXECUTE", policy_version: 1 });
    await write("bots.test.yaml", CASES.replace("EXECUTE", "HALT"));
    await write("bots.yaml", STRICTER);
    const second = await policy("push", "bots.yaml", "--activate", "--note", "no listings");
    expect(second.stdout).toBe("recorded bots v2\nbots v2 decides from now on\n");
    expect(await gate.submit(LS)).toMatchObject({ outcome: "HALT", policy_version: 2 });
    expect((await policy("push", "bots.yaml")).stdout).toBe("bots v2 is recorded already\nbots v2 decides already\n");
    expect((await policy("rollback", "bots")).stdout).toBe("bots v1 decides again\n");
    expect(await gate.submit(LS)).toMatchObject({ outcome: "EXECUTE", policy_version: 1 });
    const history = await policy("history", "bots");
    expect(history.stdout).toMatch(/^v2 .*no listings$/m);
    expect(history.stdout).toMatch(/^v1 +yes .*first$/m);
    const listed = await policy("list");
    expect(listed.stdout).toMatch(/^bots +v1 +v2 +bot-\* /m);
    expect((await policy("deactivate", "bots")).stdout).toBe("bots v1 decides no more\n");
    expect((await policy("list")).stdout).toMatch(/^bots +no /m);
    expect((await policy("history")).stdout).toMatch(/none any more/);
  });

  it("refuse a version whose tests fail, naming the test", async () => {
    await write("failing.yaml", STRICTER.replace("name: bots", "name: failing"));
    await write("failing.test.yaml", CASES);
    const refused = await policy("push", "failing.yaml", "--activate");
    expect({ code: refused.code, error: codeOf(refused) }).toEqual({ code: 1, error: "invalid_policy" });
    expect(refused.stderr).toContain('the test "listing runs" fails: outcome: expected EXECUTE, got HALT');
  });

  it("are for admins only, and a version is a number", async () => {
    const developer = await gate.keyOf("developer");
    const asDeveloper = (...args: string[]): Promise<Finished> =>
      faramesh(["policy", ...args], { cwd: folder.dir, env: developer });
    for (const args of [
      ["push", "failing.yaml"],
      ["activate", "bots", "1"],
      ["rollback", "bots"],
    ]) {
      expect(codeOf(await asDeveloper(...args)), args.join(" ")).toBe("forbidden");
    }
    expect((await asDeveloper("list")).code).toBe(0);
    expect((await policy("activate", "bots", "latest")).code).toBe(2);
  });
});

describe("policy diff", () => {
  it("tells what differs between two files by what they mean, offline", async () => {
    await write("old.yaml", BOTS);
    await write("new.yaml", `${STRICTER}  - { id: stop, match: { tool: web }, deny: true }\n`);
    const { code, stdout } = await faramesh(["policy", "diff", "old.yaml", "new.yaml"], { cwd: folder.dir });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^~ rule shell changed$/m);
    expect(stdout).toMatch(/^ {4}match\.conditions - \["params\.cmd","eq","ls"\]$/m);
    expect(stdout).toMatch(/^ {4}match\.conditions \+ \["params\.cmd","eq","pwd"\]$/m);
    expect(stdout).toMatch(/^\+ rule stop added at 2$/m);
    await write("spelt.yaml", `# the same\n${BOTS}`);
    const same = await faramesh(["policy", "diff", "old.yaml", "spelt.yaml"], { cwd: folder.dir });
    expect(same.stdout).toBe("they mean the same\n");
  });

  it("tells which recorded actions would be decided otherwise", async () => {
    await write("closed.yaml", "version: 1\nname: cli-tests\nrules: []\n");
    const action = await gate.submit(ALLOWED);
    const { stdout } = await policy("diff", "closed.yaml", "--actions", "1");
    expect(stdout).toContain("of the newest 1 recorded actions, 1 would be decided otherwise");
    expect(stdout).toContain(`stricter  ${action.id}  tester shell exec: EXECUTE by read → HALT by no rule`);
  });

  it("compares versions by their names", async () => {
    await write("bots.test.yaml", "");
    const { stdout } = await policy("diff", "bots@1", "bots@2");
    expect(stdout).toMatch(/^~ rule shell changed$/m);
    expect(codeOf(await policy("diff", "bots@1", "bots@9"))).toBe("not_found");
  });
});

describe("policy record", () => {
  it("turns recorded actions into tests that pass, one after another in one file", async () => {
    await write("recorded.yaml", POLICY);
    for (const action of [
      ALLOWED,
      DENIED,
      { ...ALLOWED, params: { cmd: "ls", note: "yes", amount: 0.1, at: "2026-01-01" } },
    ]) {
      const { id } = await gate.submit(action);
      expect((await policy("record", id, "--out", "recorded.test.yaml")).code).toBe(0);
    }
    const tested = await policy("test", "recorded.yaml");
    expect(tested.stdout).toContain("3 passed, 0 failed");
    expect((await readFile(folder.path("recorded.test.yaml"), "utf8")).match(/rule_id/g)).toHaveLength(3);
  });

  it("takes another expectation, and asks for one where no policy answered", async () => {
    const action = await gate.submit(ALLOWED);
    const printed = await policy("record", action.id, "--expect", "HALT", "--name", "no listings");
    expect(printed.stdout).toMatch(/^- name: no listings\n[\s\S]*expect:\n {4}outcome: HALT\n$/m);
    await gate.json("agents", "disable", "stopped");
    const { id } = await gate.submit({ ...ALLOWED, agent_id: "stopped" });
    expect(codeOf(await policy("record", id))).toBe("not_by_policy");
    expect((await policy("record", id, "--expect", "EXECUTE")).code).toBe(0);
  });

  it("leaves a file alone that a test cannot be added to", async () => {
    await write("flow.test.yaml", "[]\n");
    const action = await gate.submit(ALLOWED);
    expect(codeOf(await policy("record", action.id, "--out", "flow.test.yaml"))).toBe("invalid_cases");
    expect(await readFile(folder.path("flow.test.yaml"), "utf8")).toBe("[]\n");
  });
});

describe("tools", () => {
  it("are registered from a file, hold what is submitted, are listed and forgotten", async () => {
    const schema = { type: "object", properties: { x: { type: "number" } }, required: ["x"] };
    await write("tools.json", JSON.stringify({ tools: [{ name: "counter", inputSchema: schema }] }));
    const run = (...args: string[]): Promise<Finished> => faramesh(args, { cwd: folder.dir, env: gate.env });
    expect((await run("tools", "register", "tools.json")).stdout).toMatch(/^registered 1: /);
    const refused = await run("submit", "--agent", "a", "--tool", "counter", "--operation", "count");
    expect({ code: refused.code, error: codeOf(refused) }).toEqual({ code: 1, error: "invalid_action" });
    expect((await run("tools", "list")).stdout).toMatch(/^counter +any +x /m);
    expect((await run("tools", "remove", "counter")).stdout).toBe("nothing is known of counter any more\n");
    expect((await run("tools", "list")).stdout).toBe("nothing is known of any tool\n");
  });
});

describe("explain --rule", () => {
  it("shows one rule alone, and says which there are where there is none of that name", async () => {
    await write("explained.yaml", POLICY);
    await write("denied.json", JSON.stringify(DENIED));
    const explain = (rule: string): Promise<Finished> =>
      faramesh(["explain", "--policy", "explained.yaml", "--file", "denied.json", "--rule", rule], { cwd: folder.dir });
    const { stdout } = await explain("read");
    expect(stdout).toMatch(/read +allow +no match/);
    expect(stdout).not.toContain("finance-only");
    const unknown = await explain("reed");
    expect(codeOf(unknown)).toBe("not_found");
    expect(unknown.stderr).toMatch(/^hint: it has read, refund, finance-only, never$/m);
  });
});

describe("serve --watch", () => {
  const running: Running[] = [];
  afterEach(() => Promise.all(running.splice(0).map((each) => each.stop("SIGKILL"))));

  async function watching(file: string): Promise<{ outcome: () => Promise<string>; stderr: () => string }> {
    const args = [
      "serve",
      "--data",
      folder.path(`data-${file}`),
      "--port",
      "0",
      "--policy",
      folder.path(file),
      "--watch",
    ];
    const served = start(args, { env: { FARAMESH_TOKEN: ADMIN_KEY } });
    running.push(served);
    const [, url = ""] = await served.until(/^listening on (http:\S+)$/m);
    const env = { FARAMESH_URL: url, FARAMESH_API_KEY: ADMIN_KEY };
    return {
      stderr: served.stderr,
      async outcome() {
        const input = JSON.stringify(ALLOWED);
        const { stdout } = await faramesh(["decide", "--file", "-", "--json"], { env, input });
        return (JSON.parse(stdout) as { outcome: string }).outcome;
      },
    };
  }

  const CLOSED = "version: 1\nname: none\nrules: []\n";

  it("takes up a file that is written over, and one that is put in its place", async () => {
    await write("watched.yaml", POLICY);
    const served = await watching("watched.yaml");
    expect(await served.outcome()).toBe("EXECUTE");
    await write("watched.yaml", CLOSED);
    await expect.poll(served.outcome, { timeout: 20_000 }).toBe("HALT");
    await write("watched.yaml.new", POLICY);
    await rename(folder.path("watched.yaml.new"), folder.path("watched.yaml"));
    await expect.poll(served.outcome, { timeout: 20_000 }).toBe("EXECUTE");
  });

  it("goes on with the last good one, loudly, while the file does not load or a test beside it fails", async () => {
    await write("edited.yaml", POLICY);
    const served = await watching("edited.yaml");
    await write("edited.yaml", `${CLOSED}ruels: []\n`);
    await expect.poll(served.stderr, { timeout: 10_000 }).toMatch(/is not used: line 4, .*ruels/);
    expect(await served.outcome()).toBe("EXECUTE");
    await write("edited.yaml", CLOSED);
    await expect.poll(served.outcome, { timeout: 20_000 }).toBe("HALT");
    await write("edited.test.yaml", CASES);
    await expect.poll(served.stderr, { timeout: 10_000 }).toMatch(/is not used: tests: line 1, .*failing_test/);
    expect(await served.outcome()).toBe("HALT");
  });

  it("needs a file to watch", async () => {
    const { code, stderr } = await faramesh(["serve", "--watch", "--port", "0"], { cwd: folder.dir });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("--policy FILE") });
  });
});
