import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { Log } from "sarif";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALLOWED, DENIED, HELD, POLICY } from "./policies.js";
import { type Finished, faramesh, type Scratch, scratch } from "./running.js";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
});

afterAll(() => folder.remove());

const here = (...args: string[]): Promise<Finished> => faramesh(args, { cwd: folder.dir });

async function decideFile(action: unknown, ...more: string[]): Promise<Finished> {
  await writeFile(folder.path("action.json"), JSON.stringify(action));
  return here("decide", "--policy", "policy.yaml", "--file", "action.json", ...more);
}

describe("decide --policy", () => {
  it("answers each outcome with its rule and exits 0, because a HALT is an answer", async () => {
    for (const [action, outcome, rule] of [
      [ALLOWED, "EXECUTE", "read"],
      [HELD, "ABSTAIN", "refund"],
      [DENIED, "HALT", "never"],
    ] as const) {
      const { code, stdout, stderr } = await decideFile(action, "--json");
      expect(JSON.parse(stdout)).toMatchObject({
        outcome,
        rule_id: rule,
        request_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
  });

  it("makes the outcome its exit code when asked to", async () => {
    expect((await decideFile(ALLOWED, "--exit-code")).code).toBe(0);
    expect((await decideFile(HELD, "--exit-code")).code).toBe(3);
    expect((await decideFile(DENIED, "--exit-code")).code).toBe(4);
  });

  it("takes the action from options, params as text or as JSON", async () => {
    const fields = ["--agent", "tester", "--tool", "payments", "--operation", "refund"];
    const fromOptions = await here("decide", "--policy", "policy.yaml", ...fields, "-p", "amount:=250", "--json");
    const fromFile = await decideFile(HELD, "--json");
    expect(JSON.parse(fromOptions.stdout)).toEqual(JSON.parse(fromFile.stdout));
    const asText = await here("decide", "--policy", "policy.yaml", ...fields, "-p", "amount=250", "--json");
    const textFile = await decideFile({ ...HELD, params: { amount: "250" } }, "--json");
    expect(JSON.parse(asText.stdout)).toEqual(JSON.parse(textFile.stdout));
  });

  it("reads the action from stdin with --file -", async () => {
    const input = JSON.stringify(ALLOWED);
    const { stdout } = await faramesh(["decide", "--policy", folder.path("policy.yaml"), "-f", "-", "--json"], {
      input,
    });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "EXECUTE" });
  });

  it("refuses what two JSON parsers could read differently, naming the path", async () => {
    await writeFile(folder.path("twice.json"), '{"agent_id":"a","tool":"t","operation":"o","params":{"x":1,"x":2}}');
    const { code, stdout, stderr } = await here("decide", "--policy", "policy.yaml", "--file", "twice.json", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "invalid_action", message: expect.stringContaining("x") },
    });
  });

  it("refuses an unknown field, naming it", async () => {
    const { code, stderr } = await decideFile({ ...ALLOWED, toll: "shell" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain("toll");
    expect(stderr).toContain("code: invalid_action");
  });

  it("cannot be tricked by an option that closes the params and opens another field", async () => {
    const fields = ["--agent", "a", "--tool", "shell", "--operation", "exec"];
    const { code, stderr } = await here("decide", "--policy", "policy.yaml", ...fields, "--params", '{}, "tool": "x"');
    expect(code).toBe(2);
    expect(stderr).toContain("--params");
  });

  it("says of a param that is not JSON how to write it as a text", async () => {
    const fields = ["--agent", "a", "--tool", "t", "--operation", "o"];
    const { code, stderr } = await here("decide", "--policy", "policy.yaml", ...fields, "--param", "amount:=12EUR");
    expect(code).toBe(2);
    expect(stderr).toContain("--param amount:=12EUR: 12EUR is not JSON; for a text write amount=12EUR\n");
  });

  it("refuses a policy that does not load, with file, line and column", async () => {
    await writeFile(folder.path("broken.yaml"), POLICY.replace("deny: true", "denny: true"));
    await writeFile(folder.path("ls.json"), JSON.stringify(ALLOWED));
    const { code, stderr } = await here("decide", "--policy", "broken.yaml", "--file", "ls.json");
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: .*denny/);
    expect(stderr).toContain("code: invalid_policy");
  });

  it("says what is missing when the action is not described, and exits 2", async () => {
    const { code, stderr } = await here("decide", "--policy", "policy.yaml", "--tool", "shell");
    expect(code).toBe(2);
    expect(stderr).toContain("--agent");
    expect(stderr).toContain("code: usage");
  });

  it("says that a file is not there", async () => {
    const { code, stderr } = await here("decide", "--policy", "nowhere.yaml", "--file", "ls.json");
    expect(code).toBe(1);
    expect(stderr).toContain("cannot read nowhere.yaml: there is no such file");
    expect(stderr).toContain("code: unreadable_file");
  });
});

describe("explain --policy", () => {
  it("shows for each rule why it answered or did not, with the value seen", async () => {
    await writeFile(folder.path("denied.json"), JSON.stringify(DENIED));
    const { code, stdout } = await here("explain", "--policy", "policy.yaml", "--file", "denied.json");
    expect(code).toBe(0);
    expect(stdout).toMatch(/HALT\s+Not here/);
    expect(stdout).toMatch(/read\s+allow\s+no match\s+.*rm -rf \//);
    expect(stdout).toMatch(/refund\s+require_approval\s+skipped/);
    expect(stdout).toMatch(/→\s+never\s+deny\s+matched/);
  });

  it("says once of a param that it is missing, and of one that cannot be judged which operator", async () => {
    await writeFile(
      folder.path("amounts.yaml"),
      `rules:
  - { id: forced, match: { tool: git, params: { force: true } }, deny: true }
  - { id: large, match: { tool: git, params: { amount: { gt: 1 } } }, deny: true }
`,
    );
    const fields = ["--agent", "a", "--tool", "git", "--operation", "push", "--param", "amount=12 EUR"];
    const { stdout } = await here("explain", "--policy", "amounts.yaml", ...fields);
    expect(stdout).toMatch(/forced +deny +no match +params\.force is missing$/m);
    expect(stdout).toMatch(/unknown +large: params\.amount: gt cannot be judged on "12 EUR"$/m);
  });

  it("gives the trace as JSON", async () => {
    const { stdout } = await here("explain", "--policy", "policy.yaml", "--file", "denied.json", "--json");
    const decision = JSON.parse(stdout) as { trace: { rule_id: string; result: string }[] };
    expect(decision.trace.map((step) => `${step.rule_id} ${step.result}`)).toContain("never matched");
  });
});

describe("policy check", () => {
  it("passes a policy that loads", async () => {
    const { code, stdout } = await here("policy", "check", "policy.yaml");
    expect(code).toBe(0);
    expect(stdout).toMatch(/policy\.yaml: 4 rules, hash [0-9a-f]{12}; 0 errors/);
  });

  it("trap: a typo in a rule is an error with its line, not a rule that silently does nothing", async () => {
    const { code, stdout } = await here("policy", "check", "broken.yaml");
    expect(code).toBe(1);
    const line = POLICY.split("\n").findIndex((text) => text.includes("deny: true")) + 1;
    expect(stdout).toMatch(new RegExp(`^broken\\.yaml:${line}:\\d+: error .*denny`, "m"));
  });

  it("lets warnings pass unless --strict", async () => {
    await writeFile(
      folder.path("wide.yaml"),
      "version: 1\nrules:\n  - { id: all, match: { any: true }, allow: true }\n",
    );
    expect((await here("policy", "check", "wide.yaml")).code).toBe(0);
    const strict = await here("policy", "check", "wide.yaml", "--strict", "--json");
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.stdout)).toMatchObject({
      ok: false,
      files: [{ ok: false, findings: [{ file: "wide.yaml", severity: "warning", line: 3 }] }],
    });
  });

  it("gives findings as JSON", async () => {
    const { code, stdout } = await here("policy", "check", "broken.yaml", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      files: [
        {
          file: "broken.yaml",
          ok: false,
          policy: null,
          findings: [
            { severity: "error", line: expect.any(Number), column: expect.any(Number), cure: expect.any(String) },
          ],
        },
      ],
    });
  });

  it("looks at several files, and fails where one of them does", async () => {
    const { code, stdout } = await here("policy", "check", "policy.yaml", "broken.yaml");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^policy\.yaml: 4 rules/m);
    expect(stdout).toMatch(/^broken\.yaml: does not load; 1 errors/m);
  });

  it("runs the tests in a policy and beside it, and tells where one stands that fails", async () => {
    const action = "{ agent_id: a, tool: shell, operation: exec, params: { cmd: ls } }";
    await writeFile(
      folder.path("tested.yaml"),
      `${POLICY}tests:\n  - { name: in it, action: ${action}, expect: { outcome: HALT } }\n`,
    );
    await writeFile(
      folder.path("tested.test.yaml"),
      `- { name: beside, action: ${action}, expect: { outcome: ABSTAIN } }\n`,
    );
    const { code, stdout } = await here("policy", "check", "tested.yaml");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^tested\.yaml:19:5: error failing_test: the test "in it" fails: outcome: expected HALT/m);
    expect(stdout).toMatch(/^tested\.test\.yaml:1:3: error failing_test: the test "beside" fails/m);
  });

  it("gives findings as a SARIF log, each with its rule, level, file and place", async () => {
    const { code, stdout } = await here("policy", "check", "broken.yaml", "wide.yaml", "--format", "sarif");
    expect(code).toBe(1);
    const log = JSON.parse(stdout) as Log;
    expect(log).toMatchObject({ version: "2.1.0", runs: [{ tool: { driver: { name: "faramesh" } } }] });
    const [run] = log.runs;
    const found = run?.results?.map(({ ruleId, ruleIndex, level, locations }) => {
      const place = locations?.[0]?.physicalLocation;
      expect(run.tool.driver.rules?.[ruleIndex ?? -1]?.id).toBe(ruleId);
      return [ruleId, level, place?.artifactLocation?.uri, place?.region?.startLine];
    });
    const line = POLICY.split("\n").findIndex((text) => text.includes("deny: true")) + 1;
    expect(found).toEqual([
      ["unknown_key", "error", "broken.yaml", line],
      ["unnarrowed_allow", "warning", "wide.yaml", 3],
    ]);
  });
});

describe("policy show FILE", () => {
  it("lists the rules in order", async () => {
    const { code, stdout } = await here("policy", "show", "policy.yaml");
    expect(code).toBe(0);
    expect(stdout.indexOf("refund")).toBeLessThan(stdout.indexOf("never"));
    const json = JSON.parse((await here("policy", "show", "policy.yaml", "--json")).stdout) as {
      rules: { id: string }[];
    };
    expect(json.rules.map((rule) => rule.id)).toEqual(["read", "refund", "finance-only", "never"]);
  });
});

describe("policy test", () => {
  const cases = (text: string) => writeFile(folder.path("policy.test.yaml"), text);
  const ls = "action: { agent_id: a, tool: shell, operation: exec, params: { cmd: ls } }";

  it("runs the cases beside the policy and names the rules that no case reaches", async () => {
    await cases(`- name: listing runs\n  ${ls}\n  expect: { outcome: EXECUTE, rule_id: read }\n`);
    const { code, stdout } = await here("policy", "test", "policy.yaml");
    expect(code).toBe(0);
    expect(stdout).toContain("listing runs");
    expect(stdout).toContain("no test is answered by: refund, finance-only, never");
    expect(stdout).toContain("1 passed, 0 failed; 1 of 4 rules covered (25 %)");
  });

  it("shows what was expected and what came, and exits 1", async () => {
    await cases(`- name: listing is denied\n  ${ls}\n  expect: { outcome: HALT, reason_code: POLICY_DENY }\n`);
    const { code, stdout } = await here("policy", "test", "policy.yaml");
    expect(code).toBe(1);
    expect(stdout).toContain("outcome: expected HALT, got EXECUTE");
    expect(stdout).toContain("reason_code: expected POLICY_DENY, got POLICY_ALLOW");
    const json = await here("policy", "test", "policy.yaml", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ passed: 0, failed: 1, results: [{ ok: false }] });
  });

  it("trap: a misspelt expectation is an error, not a case that always passes", async () => {
    await cases(`- name: listing runs\n  ${ls}\n  expect: { outcome: EXECUTE, rul_id: never }\n`);
    const { code, stderr } = await here("policy", "test", "policy.yaml");
    expect(code).toBe(1);
    expect(stderr).toMatch(/policy\.test\.yaml:3:31: .*rul_id/);
    expect(stderr).toContain("code: invalid_cases");
  });

  it("says what to write where there is no file of cases, and that is a case", async () => {
    await writeFile(folder.path("untested.yaml"), POLICY);
    const { code, stderr } = await here("policy", "test", "untested.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain("cli-tests has no tests, neither in it nor beside it");
    const [, example = ""] = /^hint: write what it must answer into untested\.test\.yaml: (.+)$/m.exec(stderr) ?? [];
    await writeFile(folder.path("untested.test.yaml"), example);
    expect((await here("policy", "test", "untested.yaml")).stdout).toContain("1 passed, 0 failed");
  });

  it("refuses a file without cases", async () => {
    await cases("[]\n");
    expect((await here("policy", "test", "policy.yaml")).code).toBe(1);
  });
});

describe("policy import", () => {
  it("writes a policy of the older kind as one of this, and says what changed", async () => {
    await writeFile(
      folder.path("old.yaml"),
      "rules:\n  - { match: { tool: stripe, op: refund, amount_lt: 100 }, allow: true, description: small }\n",
    );
    const { code, stdout } = await here("policy", "import", "old.yaml", "--from", "faramesh-v0", "--out", "new.yaml");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^stricter {2}rules\[0\]\.match\.amount_lt: a missing amount counted as 0/m);
    expect(await readFile(folder.path("new.yaml"), "utf8")).toMatch(/^# Imported from a policy of the older engine\./);
    expect((await here("policy", "check", "new.yaml")).stdout).toMatch(/1 rules, .*0 errors/);
    const again = await here("policy", "import", "old.yaml", "--from", "faramesh-v0", "--out", "new.yaml");
    expect(again.stderr).toContain("code: file_exists");
  });

  it("writes the permissions of Claude Code as a policy, or prints it", async () => {
    await writeFile(
      folder.path("settings.json"),
      '{"permissions": {"allow": ["Bash(git log:*)"], "deny": ["Bash(rm *)"]}}',
    );
    const args = ["policy", "import", "settings.json", "--from", "claude-code", "--out", "-"];
    const { code, stdout } = await here(...args);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("tool: Bash") });
  });

  it("says why it cannot, and knows no other kind", async () => {
    await writeFile(folder.path("two-effects.yaml"), "rules: [{ match: { tool: a }, allow: true, deny: true }]");
    const refused = await here("policy", "import", "two-effects.yaml", "--from", "faramesh-v0", "--out", "x.yaml");
    expect({ code: refused.code, stderr: refused.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("rules[0] has not exactly one effect"),
    });
    expect((await here("policy", "import", "old.yaml", "--from", "rego", "--out", "x.yaml")).code).toBe(2);
  });
});

describe("init --pack", () => {
  it("writes a policy that is built on packs, checks without a warning of its own, and whose tests pass", async () => {
    const fresh = await scratch();
    const there = (...args: string[]) => faramesh(args, { cwd: fresh.dir });
    expect((await there("init", "--pack", "shell", "--pack", "git")).code).toBe(0);
    expect((await there("policy", "check", "faramesh.yaml")).stdout).toContain("; 0 errors");
    expect((await there("policy", "test", "faramesh.yaml")).stdout).toContain("3 passed, 0 failed");
    const shown = await there("policy", "show", "faramesh.yaml");
    expect(shown.stdout).toMatch(/^shell\/look-around +allow .*pack shell/m);
    expect((await there("policy", "diff", "faramesh.yaml", "faramesh.yaml")).stdout).toBe("they mean the same\n");
    await fresh.remove();
  });

  it("lists the packs, and refuses one that there is not", async () => {
    const listed = await here("init", "--list-packs");
    expect(listed.stdout).toMatch(/^coding-agents\n {2}Tools of coding agents/m);
    const unknown = await here("init", "--pack", "shel");
    expect({ code: unknown.code, stderr: unknown.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("shell"),
    });
  });
});

describe("init", () => {
  it("writes a policy that checks without a warning and whose tests pass, and never writes over one", async () => {
    const fresh = await scratch();
    const there = (...args: string[]) => faramesh(args, { cwd: fresh.dir });
    const init = await there("init");
    expect(init.code).toBe(0);
    const [, tryIt = ""] = /^try: (.+)$/m.exec(init.stdout) ?? [];
    expect(spawnSync("bash", ["-c", tryIt], { cwd: fresh.dir }).status).toBe(0);
    expect(init.stdout).toMatch(/^`npm start` uses it from its next start on, and follows every change of it$/m);
    expect((await there("policy", "check", "faramesh.yaml", "--strict")).stdout).toContain("0 errors, 0 warnings");
    const tested = await there("policy", "test", "faramesh.yaml");
    expect(tested.stdout).toContain(" 0 failed");
    expect(tested.stdout).not.toContain("no test is answered by");
    await writeFile(fresh.path("faramesh.yaml"), "mine");
    const again = await there("init");
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("code: file_exists");
    expect(again.stderr).toMatch(/^hint: go on with the one that is here/m);
    expect(await readFile(fresh.path("faramesh.yaml"), "utf8")).toBe("mine");
    await fresh.remove();
  });
});
