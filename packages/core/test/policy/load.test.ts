import { describe, expect, it } from "vitest";
import { POLICY_LIMITS } from "../../src/limits.js";
import type { Finding } from "../../src/policy/finding.js";
import { loadPolicy } from "../../src/policy/load.js";

const PAYMENTS = `# Refunds
version: 1
name: payments
rules:
  - id: large
    match: { tool: stripe, op: refund, params: { amount: { gt: 1000 } } }
    require_approval: { approvers: [finance], expires_in: 4h }
    description: Refunds over 1000 need finance
    risk: medium
  - match:
      tool: stripe
      operation: [refund]
    deny: true
`;

/** The same, as another hand might write it: JSON, other order, long names, numbers and lists otherwise. */
const PAYMENTS_AGAIN = JSON.stringify({
  rules: [
    {
      risk: "medium",
      enabled: true,
      reason: "Refunds over 1000 need finance",
      require_approval: { exclude_submitter: false, expires_in: "240m", approvers: ["finance"], quorum: 1 },
      match: { params: { amount: { gt: "1000.0" } }, operation: "refund", tool: ["stripe"] },
      id: "large",
    },
    { deny: true, match: { op: "refund", tool: "stripe" } },
  ],
  name: "payments",
});

describe("loading a policy", () => {
  it("gives what lists and explanations show", () => {
    const { policy, findings } = loadPolicy(PAYMENTS, { id: "file", version: 7 });
    expect(findings).toEqual([]);
    expect(policy).toMatchObject({ id: "payments", version: 7 });
    expect(policy?.rules[0]).toEqual({
      id: "large",
      effect: "require_approval",
      enabled: true,
      reason: "Refunds over 1000 need finance",
      risk: "medium",
      line: 5,
      tools: ["stripe"],
      operations: ["refund"],
      agents: [],
      conditions: ["params.amount gt 1000"],
      approval: { approvers: ["finance"], exclude_submitter: false, expires_in_seconds: 14_400 },
      pack: null,
    });
    expect(policy?.rules[1]).toMatchObject({ line: 10, reason: "Denied by policy rule" });
    expect(policy?.rules[1]?.id).toMatch(/^rule-2-[0-9a-f]{8}$/);
  });

  it("is named by the document, then by whoever loads it", () => {
    expect(loadPolicy("name: a\nrules: []", { id: "b" }).policy?.id).toBe("a");
    expect(loadPolicy("rules: []", { id: "b" }).policy?.id).toBe("b");
    expect(loadPolicy("rules: []").policy).toMatchObject({ id: "policy", version: 1 });
  });

  it("has the same hash for the same meaning, and another for another", () => {
    const hash = loadPolicy(PAYMENTS).policy?.hash;
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(loadPolicy(PAYMENTS_AGAIN).policy?.hash).toBe(hash);
    for (const [from, to] of [
      ["gt: 1000", "gt: 1000.01"],
      ["gt: 1000", "gte: 1000"],
      ["4h", "5h"],
      ["deny: true", "allow: true"],
      ["risk: medium", "risk: high"],
      ["name: payments", "name: other"],
      ["need finance", "need a person"],
    ] as const) {
      const changed = loadPolicy(PAYMENTS.replace(from, to)).policy?.hash;
      expect(changed).toMatch(/^[0-9a-f]{64}$/);
      expect(changed).not.toBe(hash);
    }
  });

  it.each([
    ["field and value", { field: "a.b", value: 1 }, { params: { "a.b": { eq: 1 } } }],
    ["a plain value", { params: { a: "x" } }, { params: { a: { eq: "x" } } }],
    ["a quoted path", { params: { '["a"].b': 1 } }, { params: { "a.b": 1 } }],
    ["a star", { tool: "*", params: { a: 1 } }, { params: { a: 1 } }],
    ["the order of names", { tool: ["b", "a", "b"] }, { tool: ["a", "b"] }],
    ["the order of conditions", { params: { a: 1, b: 2 } }, { params: { b: 2, a: 1 } }],
    ["the case of a method", { method: "post" }, { method: ["POST"] }],
  ])("has the same hash whether %s is written short or long", (_what, short, long) => {
    const hashes = [short, long].map((match) => loadPolicy(JSON.stringify({ rules: [{ match, deny: true }] })));
    expect(hashes[0]?.policy?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[0]?.policy?.hash).toBe(hashes[1]?.policy?.hash);
  });
});

describe("what is wrong with a policy", () => {
  it("trap: a typo is an error that names key, line, column and what was meant", () => {
    const [finding] = errorsOf("version: 1\nrules:\n  - match: { tool: t }\n    dney: true\n    deny: true\n");
    expect(finding).toEqual({
      severity: "error",
      code: "unknown_key",
      message: '"dney" is not a key of a rule',
      cure: 'did you mean "deny"?',
      path: "$.rules[0].dney",
      line: 4,
      column: 5,
    });
  });

  it("says of a misspelt effect what was meant, and not that the rule has none", () => {
    for (const typo of ["alow: true", "dney: true", "require_aproval: true"]) {
      const found = errorsOf(`rules:\n  - match: { tool: t }\n    ${typo}\n`);
      expect(found.map(({ code }) => code)).toEqual(["unknown_key"]);
      expect(found[0]?.cure).toMatch(/^did you mean/);
    }
    const unlike = errorsOf("rules:\n  - match: { tool: t }\n    zork: true\n");
    expect(unlike.map(({ code }) => code)).toEqual(["no_effect", "unknown_key"]);
  });

  it("offers no key as a cure that would only be refused as not yet", () => {
    const places = [
      "rules: []\nzork: 1",
      "rules: []\nlimit: 1",
      "rules: [{ match: { tool: t }, deny: true, zork: 1 }]",
      "rules: [{ match: { tool: t }, require_approval: { zork: 1 } }]",
    ];
    const cures = places.flatMap((place) => errorsOf(place).map(({ cure }) => cure));
    expect(cures).toEqual([
      "known keys: version, name, applies_to, extends, profiles, rules, risk, tests",
      "known keys: version, name, applies_to, extends, profiles, rules, risk, tests",
      "known keys: id, match, when, allow, deny, require_approval, reason, description, risk, enabled, tests",
      "known keys: approvers, exclude_submitter, expires_in, quorum",
    ]);
  });

  it("trap: an unknown key is an error anywhere, never ignored", () => {
    const places = [
      "rulez: []\nrules: []",
      "rules: [{ match: { tool: t, when: x }, deny: true }]",
      "rules: [{ match: { params: { a: { greater: 1 } } }, deny: true }]",
      "rules: [{ match: { tool: t }, require_approval: { approver: x } }]",
      "rules: []\nrisk: { rules: [{ name: n, when: { tool: t }, risk_level: low, level: low }] }",
      "rules: [{ match: { params: { a: { not: { any: [{ eqq: 1 }] } } } }, deny: true }]",
    ];
    for (const place of places) {
      expect(errorsOf(place).map(({ code }) => code)).toEqual([expect.stringMatching(/^unknown_(?:key|operator)$/)]);
    }
  });

  it("is told all at once, in the order of the document", () => {
    const source = "rules:\n- match: {}\n  deny: true\n- match: { tool: t }\n- match: { tool: t }\n  deny: 1\n";
    expect(errorsOf(source).map(({ code, line }) => `${line} ${code}`)).toEqual([
      "2 empty_match",
      "4 no_effect",
      "6 wrong_value",
    ]);
  });

  it.each([
    ["broken YAML", "rules: [", "invalid_yaml"],
    ["a trailing comma twice", "rules: [,]", "invalid_yaml"],
    ["a tab for indentation", "rules:\n\t- x", "invalid_yaml"],
    ["two documents", "rules: []\n---\nrules: []", "invalid_yaml"],
    ["a custom tag", "rules: !!js/function 'x'", "invalid_yaml"],
    ["another custom tag", "rules: !secret []", "invalid_yaml"],
    ["an unknown anchor", "rules: *nowhere", "invalid_yaml"],
    ["a duplicate key", "rules: []\nrules: []", "duplicate_key"],
    ["a duplicate key in JSON", '{"rules":[],"rules":[]}', "duplicate_key"],
    ["a merge key", "a: &a { deny: true }\nrules: [{ <<: *a, match: { tool: t } }]", "unknown_key"],
    ["a key that is no text", "rules: []\n1: x", "invalid_key"],
    [
      "the key __proto__",
      'rules: [{ match: { params: { a: { eq: { "__proto__": 1 } } } }, deny: true }]',
      "invalid_key",
    ],
    ["a lone surrogate", 'name: "\\ud800"\nrules: []', "invalid_text"],
    ["nothing at all", "", "wrong_type"],
    ["a list", "[]", "wrong_type"],
    ["no rules", "name: x", "missing_key"],
  ])("refuses %s", (_what, source, code) => {
    const { policy, findings } = loadPolicy(source);
    expect(policy).toBeNull();
    expect(findings.map((finding) => finding.code)).toContain(code);
  });

  it.each([
    ["an integer beyond 2^53", "9007199254740993"],
    ["digits that a double loses", "123456789.123456789"],
    ["hexadecimal", "0x10"],
    ["octal", "0o10"],
    ["a leading zero", "012"],
    ["infinity", ".inf"],
    ["not a number", ".nan"],
    ["a plus sign", "+1"],
  ])("trap: a number that would be another one is refused: %s", (_what, number) => {
    const codes = errorsOf(`rules: [{ match: { params: { a: ${number} } }, deny: true }]`).map(({ code }) => code);
    expect(codes).toEqual(["invalid_number"]);
  });

  it("reads yes, no and on as the texts they are", () => {
    expect(errorsOf("rules: [{ match: { tool: t }, deny: yes }]").map(({ code }) => code)).toEqual(["wrong_value"]);
  });

  it("takes an alias for the last anchor of its name before it", () => {
    const tools = "[&x [&a one], &a two, *x, *a]";
    const source = `rules: [{ match: { params: { p: { in: ${tools} } } }, deny: true }]`;
    expect(loadPolicy(source).policy?.rules[0]?.conditions).toEqual(['params.p in [["one"],"two",["one"],"two"]']);
  });

  it("expands anchors and aliases, and says where an alias is used", () => {
    const source =
      "rules:\n- match: &m { tool: t, params: { a: { gt: 1 } } }\n  deny: true\n- match: *m\n  allow: true\n";
    expect(loadPolicy(source).policy?.rules[1]?.tools).toEqual(["t"]);
    const bad = "rules:\n- match: { params: { a: &a { gtt: 1 } } }\n  deny: true\n";
    expect(errorsOf(bad)).toHaveLength(1);
  });

  it("is refused quickly where aliases would grow without bound, or a value holds itself", () => {
    const levels = Array.from({ length: 12 }, (_, level) => `- &l${level + 1} [${`*l${level},`.repeat(9)}]`).join("\n");
    const started = performance.now();
    expect(errorsOf(`rules:\n- &l0 [x]\n${levels}`).map(({ code }) => code)).toContain("too_large");
    expect(loadPolicy("rules: &a [*a]").policy).toBeNull();
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("has bounds: a megabyte, 10,000 rules, 40 levels", () => {
    const padding = `rules: [] # ${"x".repeat(POLICY_LIMITS.sourceBytesMax)}`;
    expect(errorsOf(padding).map(({ code }) => code)).toEqual(["too_large"]);
    const tooMany = `rules: [${"0,".repeat(POLICY_LIMITS.rulesMax + 1)}]`;
    expect(errorsOf(tooMany).map(({ code }) => code)).toEqual(["too_large"]);
    const deep = `rules: [{ match: { params: { a: { eq: ${"[".repeat(50)}${"]".repeat(50)} } } }, deny: true }]`;
    expect(errorsOf(deep).map(({ code }) => code)).toEqual(["too_large"]);
  });
});

describe("what is doubtful in a policy", () => {
  it.each([
    ["a later rule for more", [rule("a", { tool: "x" }, "deny"), rule("b", { tool: ["x", "y"] }, "deny")]],
    [
      "a later rule for other agents",
      [rule("a", { tool: "x", agent_id: "a" }, "deny"), rule("b", { tool: "x" }, "deny")],
    ],
    [
      "an earlier rule with a condition",
      [rule("a", { tool: "x", params: { n: 1 } }, "deny"), rule("b", { tool: "x" }, "deny")],
    ],
    [
      "an earlier rule that is off",
      [{ ...rule("a", { any: true }, "deny"), enabled: false }, rule("b", { tool: "x" }, "deny")],
    ],
    ["an allow for one tool", [rule("a", { tool: "x" }, "allow")]],
    [
      "a protective rule with the omission caught behind it",
      [
        rule("a", { tool: "x", params: { n: { gt: 1 } } }, "deny"),
        rule("b", { tool: "x", params: { n: { exists: false } } }, "deny"),
        rule("c", { tool: "x" }, "allow"),
      ],
    ],
    [
      "a protective rule before an allow that needs the param",
      [
        rule("a", { tool: "x", params: { n: { gt: 1 } } }, "deny"),
        rule("c", { tool: "x", params: { n: { lte: 1 } } }, "allow"),
      ],
    ],
    [
      "a protective rule before an allow for another tool",
      [rule("a", { tool: "x", params: { n: { gt: 1 } } }, "deny"), rule("c", { tool: "y" }, "allow")],
    ],
  ])("is not warned of where nothing is: %s", (_what, rules) => {
    expect(loadPolicy(JSON.stringify({ rules })).findings).toEqual([]);
  });

  it("names both rules of a bypass, and its cure", () => {
    const rules = [
      rule("guard", { tool: "x", params: { n: { gt: 1 } } }, "deny"),
      rule("open", { tool: "*" }, "allow"),
    ];
    const { policy, findings } = loadPolicy(JSON.stringify({ rules }));
    expect(policy).not.toBeNull();
    expect(findings.map(({ code }) => code).sort()).toEqual(["bypass_by_omission", "unnarrowed_allow"]);
    expect(findings.find(({ code }) => code === "bypass_by_omission")).toMatchObject({
      message: "rule guard does not see an action without params.n, and open then allows it",
      cure: "add a rule before open for params.n exists: false",
    });
  });
});

function rule(id: string, match: object, effect: "allow" | "deny"): object {
  return { id, match, [effect]: true };
}

function errorsOf(source: string): Finding[] {
  const { policy, findings } = loadPolicy(source);
  const errors = findings.filter(({ severity }) => severity === "error");
  expect(policy === null).toBe(errors.length > 0);
  return errors;
}
