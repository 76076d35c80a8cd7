import type { JsonObject } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { loadPolicy } from "../../src/policy/load.js";
import { decided, policyOf } from "../decision/deciding.js";
import { type Judged, judged, policyWith } from "./expressions.js";

function judge(expression: string, params: JsonObject, context: JsonObject = {}): Judged {
  const { policy, findings } = policyWith(expression);
  if (policy === null) throw new Error(`${expression}: ${JSON.stringify(findings)}`);
  return judged(policy, params, context);
}

describe("a condition in CEL", () => {
  it("sees the agent, the tool, the operation, params and context", () => {
    const all = "agent_id == 'agent-1' && tool == 't' && operation == 'o' && params.a == 1 && context.env == 'prod'";
    expect([judge(all, { a: 1 }, { env: "prod" }), judge(all, { a: 1 }, { env: "test" })]).toEqual(["true", "false"]);
  });

  it("decides with the side that is known, whichever it is", () => {
    expect(judge("params.a == 1 || true", {})).toBe("true");
    expect(judge("params.a == 1 && false", {})).toBe("false");
    expect(judge("params.a.all(x, x > 2)", { a: ["?", 1] })).toBe("false");
    expect(judge("params.a.exists(x, x > 2)", { a: ["?", 3] })).toBe("true");
  });

  it("compares numbers exactly, whole ones and others", () => {
    expect(judge("params.a < 9007199254740992", { a: 9_007_199_254_740_991 })).toBe("true");
    expect(judge("9007199254740993 > 9007199254740992.0", {})).toBe("true");
    expect(judge("params.a == 0.3", { a: 0.3 })).toBe("true");
    expect(judge("9223372036854775807 + int(params.a) > 0", { a: 0 })).toBe("true");
    expect(judge("9223372036854775807 + int(params.a) > 0", { a: 1 })).toBe("unknown");
  });

  it("reads only what is in an action, never what JavaScript gives every object", () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      expect(judge(`has(params.${name})`, {})).toBe("false");
      expect(judge(`params.${name} == 1`, {})).toBe("unknown");
      expect(judge(`'${name}' in params`, {})).toBe("false");
    }
  });

  it("stands beside a match: both must hold, and one that is false decides", () => {
    const policy = policyOf([{ match: { tool: "t", params: { a: { gt: 1 } } }, when: "params.b == 'x'", allow: true }]);
    const seen = [{ a: 2, b: "x" }, { a: 1, b: "x" }, { a: 2 }, { a: 1 }].map((params) => decided(policy, params));
    expect(seen.map(({ reason_code }) => reason_code)).toEqual([
      ...["POLICY_ALLOW", "DEFAULT_DENY_NO_MATCH", "CONDITION_UNKNOWN", "DEFAULT_DENY_NO_MATCH"],
    ]);
  });

  it("gives a risk rule its level", () => {
    const policy = policyOf(
      [{ match: { any: true }, allow: true }],
      [{ name: "production", when: "context.env == 'prod'", risk_level: "high" }],
    );
    expect(decided(policy, {}, { context: { env: "prod" } }).reason_code).toBe("RISK_UPGRADE");
    expect(decided(policy, {}, { context: { env: "test" } }).reason_code).toBe("POLICY_ALLOW");
    expect(decided(policy, {}).effect).toBe("require_approval");
  });

  it("names the fields it saw where it cannot be judged, and in a trace", () => {
    const policy = policyOf([{ id: "big", when: "params.amount > 10 && has(params.to)", allow: true }]);
    const { details } = decided(policy, { amount: "12 EUR", to: "x" });
    expect(details).toEqual([
      { rule_id: "big", path: "when", operator: "cel", seen: { "params.amount": "12 EUR", "params.to": "x" } },
    ]);
  });

  it("is written as it was where the library would write another tree", () => {
    expect(policyWith("params.a  ==  1").policy?.rules[0]?.conditions).toEqual(['when cel "params.a == 1"']);
    expect(policyWith("-(-1)  ==  params.a").policy?.rules[0]?.conditions).toEqual(['when cel "-(-1)  ==  params.a"']);
  });

  it("has the same hash however it is spaced, and another one for another meaning", () => {
    const hashes = ["params.a==1&&true", "params.a == 1 &&\n  true", "params.a == 2 && true"].map(
      (when) => policyWith(when).policy?.hash,
    );
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });
});

/** What does not load, and the code it is refused with. */
const REFUSED: [string, string, RegExp][] = [
  ["1 +", "invalid_expression", /expecting/],
  ["params.a ==", "invalid_expression", /expecting/],
  ["params.?a == 1", "invalid_expression", /expecting/],
  ["9223372036854775808 == params.a", "invalid_expression", /64 bits/],
  ["parms.a == 1", "unknown_variable", /"parms" is not a variable/],
  ["x", "unknown_variable", /"x" is not a variable/],
  ["tool", "wrong_type", /string is neither true nor false/],
  ["size(tool) == 'x'", "wrong_type", /int and string are never equal/],
  ["tool > 1", "wrong_type", /> cannot be applied to string and int/],
  ["params.a * 2 > 1.0", "wrong_type", /\* cannot be applied/],
  ["tool.name == 'x'", "wrong_type", /string has no field "name"/],
  ["tool.all(x, true)", "wrong_type", /all needs a list or a map/],
  ["!tool", "wrong_type", /neither true nor false/],
  ["params.a && 1", "wrong_type", /int is neither/],
  ["params.a.matches(params.b)", "unsupported_expression", /pattern that is not written out/],
  ["params.a.matches('(?=x)')", "invalid_pattern", /pattern/],
  ["params.a.matches('x', 'y')", "unsupported_expression", /3 operands/],
  ["timestamp(params.a) == timestamp(params.b)", "unsupported_expression", /timestamp is not supported/],
  ["params.a.split(',').size() == 1", "unsupported_expression", /split is not supported/],
  ["params.a == b'x'", "unsupported_expression", /literal/],
  ["params.a == 1u", "unsupported_expression", /literal/],
  ["{1: 2}[1] == 2", "unsupported_expression", /other keys/],
  ["Message{a: 1} == params.a", "unsupported_expression", /message/],
  ["params.a.all(a, params.b.all(b, params.c.all(c, params.d.all(d, true))))", "unsupported_expression", /all/],
  [`${"(".repeat(41)}true${")".repeat(41)}`, "too_large", /nests deeper/],
  [`params.a == '${"x".repeat(2_000)}'`, "too_long", /more than 2000/],
];

describe("an expression that cannot be used", () => {
  it.each(REFUSED)("%s does not load: %s", (text, code, message) => {
    const { policy, findings } = policyWith(text);
    expect(policy).toBe(null);
    expect(findings[0]).toMatchObject({ severity: "error", code, path: expect.stringContaining("when") });
    expect(findings[0]?.message).toMatch(message);
  });

  it("is told with its line, the place in it, and a cure", () => {
    const { findings } = loadPolicy("rules:\n  - id: a\n    when: tool == 'x' && parms.a == 1\n    allow: true\n");
    expect(findings[0]).toMatchObject({ line: 3, column: 11, cure: "did you mean params?" });
    expect(findings[0]?.message).toContain("at character 16 of it");
  });
});

describe("trap: an expression on hostile params", () => {
  const LIST = Array.from({ length: 9_000 }, (_, n) => n);
  const TEXT = "a".repeat(40_000);
  const FIELDS = Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`f${n}`, 1]));
  const PAIRS = "ab".repeat(20_000);
  it.each<[string, JsonObject]>([
    ["params.a.exists(x, params.a.exists(y, x + y < 0.0))", { a: LIST }],
    ["params.a.all(x, params.b.contains('zzzz') || true)", { a: LIST, b: TEXT }],
    ["params.a.map(x, params.b + params.b).size() == 0", { a: LIST, b: TEXT }],
    ["params.a.all(x, params.b <= params.c)", { a: LIST.slice(0, 2_000), b: TEXT, c: `${TEXT}b` }],
    ["params.a.all(x, params.b == params.c)", { a: LIST.slice(0, 2_000), b: TEXT, c: TEXT }],
    ["params.a.all(x, params.b != params.c)", { a: LIST.slice(0, 2_000), b: TEXT, c: `${TEXT.slice(1)}b` }],
    ["params.a.all(x, size(params.b) > 0)", { a: LIST, b: FIELDS }],
    ["params.a.all(x, params.b.exists(name, true))", { a: LIST, b: FIELDS }],
    ["!params.b.contains(params.c)", { b: PAIRS, c: `${PAIRS.slice(0, 20_000)}aa${PAIRS.slice(0, 10_000)}` }],
    ["params.a.exists(x, x in params.a && x < 0)", { a: LIST }],
    ["params.a.exists(x, params.a == params.c && x < 0)", { a: LIST, c: [...LIST] }],
    ["params.a.all(x, !params.b.matches('(a+)+b'))", { a: LIST, b: TEXT }],
  ])("%s ends soon, as unknown", (text, params) => {
    const { policy } = policyWith(text);
    if (policy === null) throw new Error("it does not load");
    judged(policy, { a: [1], b: "a" });
    const begun = performance.now();
    expect(judged(policy, params)).toBe("unknown");
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe("risk in a condition of a rule", () => {
  const withRisk = (expression: string, riskWhen = "params.amount > 100"): string => `
rules:
  - { id: calm, when: '${expression}', allow: true }
  - { id: rest, match: { any: true }, deny: true }
risk:
  rules: [{ name: large, when: '${riskWhen}', risk_level: medium }]`;
  const ruleFor = (source: string, params: JsonObject): string => {
    const { outcome, rule_id, reason_code } = decided(policyOf(source), params);
    return `${outcome} ${rule_id} ${reason_code}`;
  };

  it("is the level that the risk rules came to", () => {
    const source = withRisk('risk == "low"');
    expect(ruleFor(source, { amount: 5 })).toBe("EXECUTE calm POLICY_ALLOW");
    expect(ruleFor(source, { amount: 500 })).toBe("HALT rest POLICY_DENY");
    expect(ruleFor(withRisk('risk in ["medium", "high"]'), { amount: 500 })).toBe("EXECUTE calm POLICY_ALLOW");
  });

  it("has no value where a risk rule cannot be judged, so it allows nothing", () => {
    for (const expression of ['risk == "low"', 'risk != "low"', 'risk in ["low", "medium", "high", "critical"]']) {
      expect(ruleFor(withRisk(expression), { amount: "a lot" })).toMatch(/^HALT rest/);
    }
  });

  it.each([
    ['risk > "low"', "unsupported_expression"],
    ['risk == "hgih"', "wrong_type"],
    ['risk in ["high", "hgih"]', "wrong_type"],
    ['risk.startsWith("h")', "unsupported_expression"],
  ])("is refused where it would read well and mean nothing: %s", (expression, code) => {
    expect(loadPolicy(withRisk(expression)).findings.map((finding) => finding.code)).toContain(code);
  });

  it("is not there in a risk rule, which is what makes it", () => {
    const { findings } = loadPolicy(withRisk("true", 'risk == "low"'));
    expect(findings.map(({ code }) => code)).toContain("unknown_variable");
  });
});
