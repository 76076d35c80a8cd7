import { describe, expect, it } from "vitest";
import { decide } from "../../src/decision/decide.js";
import type { Finding } from "../../src/policy/finding.js";
import { loadPolicy } from "../../src/policy/load.js";
import { actionOf } from "../decision/deciding.js";

const SHELL = `version: 1
name: shell
rules:
  - id: destructive
    match: { tool: shell, params: { cmd: { pattern: '^rm' } } }
    deny: true
  - id: rest
    match: { tool: shell }
    require_approval: true
risk:
  rules:
    - { name: root, when: { params: { user: root } }, risk_level: high }
tests:
  - name: of the pack alone
    action: { agent_id: a, tool: shell, operation: o, params: {} }
    expect: { outcome: ABSTAIN }
`;
const PACKS = { shell: SHELL, git: "rules: [{ id: push, match: { tool: git }, deny: true }]" };

const OWN = `version: 1
name: mine
extends: [shell, git]
rules:
  - id: list
    match: { tool: shell, params: { cmd: ls } }
    allow: true
`;

function errorsOf(source: string, packs: Record<string, string>): Finding[] {
  const { policy, findings } = loadPolicy(source, { packs });
  expect(policy).toBeNull();
  return findings;
}

describe("a policy that extends packs", () => {
  const { policy, findings } = loadPolicy(OWN, { packs: PACKS });

  it("has their rules behind its own, each under the pack's name, at the line that names the pack", () => {
    expect(findings).toEqual([]);
    expect(policy?.rules.map(({ id, pack, line }) => [id, pack, line])).toEqual([
      ["list", null, 5],
      ["shell/destructive", "shell", 3],
      ["shell/rest", "shell", 3],
      ["git/push", "git", 3],
    ]);
    expect(policy?.packs).toEqual(["shell", "git"]);
  });

  it("decides by all of them in this order, risk rules included", () => {
    const answers = [{ cmd: "ls" }, { cmd: "rm -rf /" }, { cmd: "pwd" }, { cmd: "ls", user: "root" }].map((params) => {
      const { outcome, rule_id, reason_code } = decide(policy, actionOf(params, { tool: "shell" }));
      return [outcome, rule_id, reason_code];
    });
    expect(answers).toEqual([
      ["EXECUTE", "list", "POLICY_ALLOW"],
      ["HALT", "shell/destructive", "POLICY_DENY"],
      ["ABSTAIN", "shell/rest", "POLICY_REQUIRE_APPROVAL"],
      ["ABSTAIN", "list", "RISK_UPGRADE"],
    ]);
  });

  it("means something else as soon as a pack does, and does not take over its tests", () => {
    const other = loadPolicy(OWN, { packs: { ...PACKS, git: PACKS.git.replace("push", "pull") } }).policy;
    expect(other?.hash).not.toBe(policy?.hash);
    expect(loadPolicy(OWN, { packs: { ...PACKS, git: `# a comment\n${PACKS.git}` } }).policy?.hash).toBe(policy?.hash);
    expect(policy?.cases).toEqual([]);
  });

  it("names rules of a pack without ids the same, whatever stands before them", () => {
    const pack = { p: "rules: [{ match: { tool: x }, deny: true }]" };
    const [alone] = loadPolicy("extends: p\nrules: []", { packs: pack }).policy?.rules ?? [];
    const behind = loadPolicy(OWN.replace("[shell, git]", "p"), { packs: pack }).policy?.rules[1];
    expect(behind?.id).toBe(alone?.id);
    expect(behind?.id).toMatch(/^p\/rule-1-[0-9a-f]{8}$/);
  });

  it("is warned of a rule of its own that keeps one of a pack from being reached", () => {
    const { findings: warned } = loadPolicy(OWN.replace("{ tool: shell, params: { cmd: ls } }", "{ tool: git }"), {
      packs: PACKS,
    });
    expect(warned.map(({ code, line }) => [code, line])).toEqual([["shadowed", 3]]);
  });
});

describe("a pack that cannot be extended", () => {
  it("is one that is not there: the nearest name is offered", () => {
    expect(errorsOf("extends: [shel]\nrules: []", PACKS)).toMatchObject([
      { code: "unknown_pack", line: 1, cure: 'did you mean "shell"?' },
    ]);
    expect(errorsOf("extends: [toString]\nrules: []", PACKS)).toMatchObject([{ code: "unknown_pack" }]);
  });

  it.each([
    ["has a fault", "rules: [{ match: { tool: x }, alow: true }]", /line 1: "alow" is not a key of a rule/],
    ["has a contradiction", "rules: [{ match: { params: { a: { gt: 2, lt: 1 } } }, deny: true }]", /never be/],
    ["says whom it is for", "applies_to: { agent_id: x }\nrules: []", /it has applies_to/],
    ["has profiles", "profiles: [{ name: p, tools: [{ tool: t }] }]\nrules: []", /it has profiles/],
    ["extends packs itself", "extends: shell\nrules: []", /it extends packs itself/],
    ["is no YAML", "rules: [", /line/],
  ])("is one that %s", (_, text, message) => {
    const [finding] = errorsOf("version: 1\nextends: odd\nrules: []", { odd: text });
    expect(finding).toMatchObject({ code: "pack_fault", line: 2 });
    expect(finding?.message).toMatch(message);
  });

  it("is one that is named twice, or one of too many", () => {
    expect(errorsOf("extends: [shell, shell]\nrules: []", PACKS)).toMatchObject([{ code: "given_twice" }]);
    const names = Array.from({ length: 21 }, (_, place) => `p${place}`);
    expect(errorsOf(`extends: [${names.join(", ")}]\nrules: []`, PACKS)).toMatchObject([{ code: "too_large" }]);
  });
});
