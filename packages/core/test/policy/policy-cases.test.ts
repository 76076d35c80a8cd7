import { describe, expect, it } from "vitest";
import { casesHash } from "../../src/policy/cases/cases-hash.js";
import { readPolicyCases } from "../../src/policy/cases/read-policy-cases.js";
import { failingCases, testPolicy } from "../../src/policy/cases/test-policy.js";
import { loadPolicy } from "../../src/policy/load.js";
import { policyOf } from "../decision/deciding.js";

const POLICY = `version: 1
name: refunds
rules:
  - id: small
    match: { tool: payments, operation: refund, params: { amount: { gt: 0, lte: 100 } } }
    allow: true
    tests:
      - action: { agent_id: a, tool: payments, operation: refund, params: { amount: 100 } }
  - id: rest
    match: { tool: payments, operation: refund }
    require_approval: true
  - id: off
    match: { tool: off }
    deny: true
    enabled: false
tests:
  - name: a large refund is looked at
    action: { agent_id: a, tool: payments, operation: refund, params: { amount: 101 } }
    expect: { outcome: ABSTAIN, rule_id: rest, reason_code: POLICY_REQUIRE_APPROVAL, risk_level: low }
  - name: silence is deny
    action: { agent_id: a, tool: email, operation: send, params: {} }
    expect: { outcome: HALT, rule_id: null }
`;

describe("the tests of a policy", () => {
  it("run, those in its rules included, and tell how many each enabled rule answered", () => {
    const report = testPolicy(policyOf(POLICY));
    expect(report).toMatchObject({ passed: 3, failed: 0 });
    expect(report.coverage).toEqual({
      rules: [
        { rule_id: "small", cases: 1 },
        { rule_id: "rest", cases: 1 },
      ],
      covered: 2,
      uncovered: [],
      percent: 100,
    });
    expect(report.results[0]?.case.name).toBe("small 1");
  });

  it("fail with what was expected and what came, at their line", () => {
    const policy = policyOf(POLICY.replace("rule_id: rest, reason_code", "rule_id: small, reason_code"));
    const report = testPolicy(policy);
    expect(report).toMatchObject({ passed: 2, failed: 1 });
    expect(failingCases(report)).toEqual([
      {
        severity: "error",
        code: "failing_test",
        message: 'the test "a large refund is looked at" fails: rule_id: expected small, got rest',
        cure: "change the rule, or what the test expects of it",
        path: "$.tests[0]",
        line: 17,
        column: 5,
      },
    ]);
  });

  it("name the rules that no case is answered by", () => {
    const [refund] = policyOf(POLICY).cases.slice(0, 1);
    const { coverage } = testPolicy(policyOf(POLICY), refund === undefined ? [] : [refund]);
    expect(coverage).toMatchObject({ uncovered: ["rest"], covered: 1, percent: 50 });
  });

  it("are no part of what the policy means", () => {
    const without = loadPolicy(POLICY.slice(0, POLICY.indexOf("tests:\n  - name"))).policy;
    expect(without?.hash).toBe(policyOf(POLICY).hash);
    expect(casesHash(without?.cases ?? [])).not.toBe(casesHash(policyOf(POLICY).cases));
  });

  it("of a policy without rules cover all there is", () => {
    expect(testPolicy(policyOf("rules: []")).coverage.percent).toBe(100);
  });
});

describe("a file of tests", () => {
  it("is a list, and each fault in it has its line", () => {
    const { cases, findings } = readPolicyCases(`
- name: fine
  action: { agent_id: a, tool: t, operation: o, params: {} }
  expect: { outcome: HALT }
- name: misspelt
  action: { agent_id: a, tool: t, operation: o, params: {} }
  expect: { outcom: HALT }
- action: { agent_id: a, tool: t, operation: o, params: [] }
  expect: { outcome: MAYBE }
`);
    expect(cases).toBeNull();
    expect(findings.map(({ code, line, path }) => [code, line, path])).toEqual([
      ["missing_key", 7, "$[1].expect"],
      ["unknown_key", 7, "$[1].expect.outcom"],
      ["missing_key", 8, "$[2]"],
      ["invalid_test_action", 8, "$[2].action"],
      ["wrong_value", 9, "$[2].expect.outcome"],
    ]);
  });

  it.each([
    ["a map", "a: 1", "wrong_type"],
    ["no YAML", "- [", "invalid_yaml"],
    ["too large", "#".repeat(1_048_577), "too_large"],
    ["of too many cases", JSON.stringify(Array.from({ length: 10_001 }, () => 1)), "too_large"],
  ])("is refused where it is %s", (_, source, code) => {
    const { cases, findings } = readPolicyCases(source);
    expect(cases).toBeNull();
    expect(findings.map((finding) => finding.code)).toContain(code);
  });

  it("keeps numbers exact, as a policy does", () => {
    const { findings } = readPolicyCases(
      "- { name: n, action: { agent_id: a, tool: t, operation: o, params: { n: 9007199254740993 } }, expect: { outcome: HALT } }",
    );
    expect(findings.map(({ code }) => code)).toEqual(["invalid_number"]);
  });
});
