import { describe, expect, it } from "vitest";
import {
  FINDING_CODES,
  type Finding,
  type FindingCode,
  failingCases,
  loadPolicy,
  type ToolSchema,
  testPolicy,
} from "../../src/index.js";

const rule = (text: string): string => `rules: [{ ${text} }]`;
const when = (expression: string): string => rule(`when: '${expression}', deny: true`);
const two = (first: string, second: string): string => `rules:\n  - { id: a, ${first} }\n  - { id: b, ${second} }`;

/** For each code, a document in which it is found. */
const DOCUMENTS: Readonly<Record<FindingCode, string>> = {
  invalid_yaml: "rules: [",
  duplicate_key: "rules: []\nrules: []",
  invalid_key: "rules: []\n1: x",
  invalid_text: 'rules: []\nname: "\\ud800"',
  invalid_number: rule("match: { tool: t, params: { a: { gt: 0x1F } } }, deny: true"),
  too_large: `rules: ${"[".repeat(50)}${"]".repeat(50)}`,
  unknown_key: "rules: []\nruls: []",
  unknown_operator: rule("match: { tool: t, params: { a: { gtt: 1 } } }, deny: true"),
  missing_key: "name: x",
  given_twice: rule("match: { operation: a, op: b }, deny: true"),
  wrong_type: "rules: {}",
  wrong_value: "version: 2\nrules: []",
  too_long: `rules: []\nname: ${"x".repeat(300)}`,
  control_character: 'rules: []\nname: "a\\u0007"',
  empty: rule("match: { tool: [] }, deny: true"),
  not_yet: "rules: []\nlimits: []",
  no_effect: rule("match: { tool: t }"),
  several_effects: rule("match: { tool: t }, allow: true, deny: true"),
  no_match: rule("deny: true"),
  empty_match: rule("match: {}, deny: true"),
  contradiction: rule("match: { any: true, tool: t }, deny: true"),
  incomplete_condition: rule("match: { tool: t, field: a }, deny: true"),
  invalid_path: rule('match: { tool: t, params: { "a..b": 1 } }, deny: true'),
  invalid_pattern: rule("match: { tool: t, pattern: '(' }, deny: true"),
  invalid_expression: when("params.a <"),
  unknown_variable: when("parms.a < 1"),
  unsupported_expression: when("timestamp(params.a) == params.b"),
  unsafe_allow: rule("match: { tool: t, contains: x }, allow: true"),
  unknown_pack: "extends: nowhere\nrules: []",
  pack_fault: "extends: broken\nrules: []",
  invalid_test_action: "rules: []\ntests: [{ name: n, action: { tool: t }, expect: { outcome: HALT } }]",
  failing_test:
    "rules: []\ntests: [{ name: n, action: { agent_id: a, tool: t, operation: o, params: {} }, expect: { outcome: EXECUTE } }]",
  duplicate_id: "rules:\n  - { id: a, match: { tool: t }, deny: true }\n  - { id: a, match: { tool: u }, deny: true }",
  never_true: rule("match: { tool: t, params: { a: { gt: 5, lt: 3 } } }, deny: true"),
  shadowed: two("match: { tool: t }, deny: true", "match: { tool: t, operation: o }, allow: true"),
  unnarrowed_allow: rule("match: { any: true }, allow: true"),
  bypass_by_omission: two(
    "match: { tool: t, params: { amount: { gt: 5 } } }, deny: true",
    "match: { tool: t }, allow: true",
  ),
  unknown_param: rule("match: { tool: pay, params: { ammount: { gt: 5 } } }, deny: true"),
  undeclared_param: rule("match: { tool: open, params: { amount: { gt: 5 } } }, deny: true"),
  mistyped_param: rule("match: { tool: pay, params: { amount: { pattern: a } } }, deny: true"),
  omittable_param: two(
    "match: { tool: pay, params: { note: { contains: x } } }, deny: true",
    "match: { tool: pay }, allow: true",
  ),
  some_item_allows: rule('match: { tool: shop, params: { "items[*].price": { lt: 100 } } }, allow: true'),
  literal_wildcard: rule('match: { tool: git, branch: "feature/*" }, deny: true'),
};

const TOOLS: ToolSchema[] = [
  {
    tool: "pay",
    operation: null,
    schema: {
      type: "object",
      properties: { amount: { type: "number" }, note: { type: "string" } },
      required: ["amount"],
      additionalProperties: false,
    },
  },
  { tool: "open", operation: null, schema: { type: "object", properties: { note: { type: "string" } } } },
];

const AROUND = { packs: { broken: "rules: {}" }, tools: TOOLS };

function findingsOf(document: string): Finding[] {
  const { policy, findings } = loadPolicy(document, AROUND);
  return policy === null ? findings : [...findings, ...failingCases(testPolicy(policy))];
}

describe("a finding", () => {
  const cases = Object.entries(DOCUMENTS) as [FindingCode, string][];

  it.each(cases)("%s is found, with its severity, a place, and what to do about it in one line", (code, document) => {
    const found = findingsOf(document).find((finding) => finding.code === code);
    expect(found).toMatchObject({
      severity: FINDING_CODES[code].severity,
      path: expect.stringMatching(/^\$/),
      line: expect.any(Number),
      column: expect.any(Number),
      cure: expect.stringMatching(/^\S.*\S$/),
    });
    expect(found?.line).toBeGreaterThan(0);
    expect(found?.cure).not.toContain("\n");
  });

  it.each(cases)("%s keeps a policy from loading if, and only if, it is an error", (code, document) => {
    if (code === "failing_test") return expect(loadPolicy(document).policy).not.toBeNull();
    const { policy } = loadPolicy(document, AROUND);
    expect(policy === null).toBe(FINDING_CODES[code].severity === "error");
  });
});

describe("YAML that a policy does without", () => {
  it.each([
    ["a tag", "rules: []\nname: !!str 5"],
    ["a tag of the application", "rules: !secret []"],
    ["a directive that would change what words mean", "%YAML 1.1\n---\nrules: []"],
    ["a second document", "rules: []\n---\nrules: []"],
    ["an anchor that is not there", "rules: *nowhere"],
  ])("is refused: %s", (_what, document) => {
    expect(findingsOf(document).map(({ code }) => code)).toEqual(["invalid_yaml"]);
  });

  it.each(["yes", "no", "on", "off", "1_000", "1:30", "2026-01-01"])("leaves %s a text", (word) => {
    const { policy } = loadPolicy(rule(`match: { tool: t, params: { a: { eq: ${word} } } }, deny: true`));
    expect(policy?.rules[0]?.conditions).toEqual([`params.a eq ${JSON.stringify(word)}`]);
  });

  it("takes << for a key like any other", () => {
    const document = "base: &base { deny: true }\nrules: [{ <<: *base, match: { tool: t } }]";
    expect(findingsOf(document).map(({ code }) => code)).toContain("unknown_key");
  });
});
