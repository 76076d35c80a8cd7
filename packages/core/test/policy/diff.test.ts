import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffDecisions } from "../../src/policy/diff/diff-decisions.js";
import { diffPolicies } from "../../src/policy/diff/diff-policies.js";
import { kept } from "../../src/policy/diff/kept.js";
import { actionOf, policyOf } from "../decision/deciding.js";

const rule = (id: string, rest = "deny: true"): string => `  - { id: ${id}, match: { tool: ${id} }, ${rest} }\n`;
const policy = (...rules: string[]) => policyOf(`name: p\nrules:\n${rules.join("") || "  []\n"}`);

describe("what differs between two policies", () => {
  it("is nothing where they mean the same, however they are written", () => {
    const again = policyOf(
      "# c\nversion: 1\nname: p\nrules:\n  - deny: true\n    match:\n      tool: [a]\n    id: a\n",
    );
    expect(diffPolicies(policy(rule("a")), again)).toEqual({
      ...{ same: true, name: null, applies_to: null, packs: null, rules: [], risk_rules: [], profiles: [] },
    });
  });

  it("is which rules are new, gone, changed and moved, and how", () => {
    const before = policy(rule("a"), rule("b"), rule("c"), rule("d"));
    const after = policy(rule("d"), rule("a"), rule("c", "allow: true, reason: because"), rule("e"));
    expect(diffPolicies(before, after).rules).toEqual([
      { id: "b", kind: "removed", before: 2, after: null, fields: [] },
      { id: "d", kind: "moved", before: 4, after: 1, fields: [] },
      {
        ...{ id: "c", kind: "changed", before: 3, after: 3 },
        fields: [
          { field: "effect", before: "deny", after: "allow" },
          { field: "reason", before: null, after: "because" },
        ],
      },
      { id: "e", kind: "added", before: null, after: 4, fields: [] },
    ]);
  });

  it("knows a rule without an id again by what it says", () => {
    const nameless = "  - { match: { tool: x }, deny: true }\n";
    const { rules } = diffPolicies(policy(nameless, rule("a")), policy(rule("a"), nameless));
    expect(rules.map(({ kind }) => kind)).toEqual(["moved"]);
  });

  it("is whom it is for, its packs, its risk rules and its profiles, too", () => {
    const after = policyOf(`name: q
applies_to: { agent_id: [b, a] }
profiles: [{ name: p, tools: [{ tool: t }] }]
rules: []
risk: { rules: [{ name: r, when: { tool: t }, risk_level: high }] }
`);
    expect(diffPolicies(policy(), after)).toMatchObject({
      same: false,
      name: { before: "p", after: "q" },
      applies_to: { before: [], after: ["a", "b"] },
      risk_rules: [{ id: "r", kind: "added" }],
      profiles: [{ id: "p", kind: "added" }],
    });
  });

  it("is told of as few rules as possible when they are put in another order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30), { maxLength: 12 }), (numbers) => {
        const places = kept(numbers);
        const rising = numbers.filter((_, index) => places.has(index));
        expect(rising).toEqual([...rising].sort((left, right) => left - right));
        expect(places.size).toBe(longestRising(numbers));
      }),
    );
  });
});

function longestRising(numbers: readonly number[], above = -1): number {
  return numbers.reduce((most, number, index) => {
    return number <= above ? most : Math.max(most, 1 + longestRising(numbers.slice(index + 1), number));
  }, 0);
}

describe("which decisions differ between two policies", () => {
  it("is told action by action, with the direction", () => {
    const before = policy(rule("a", "allow: true"), rule("b"), rule("c"), rule("d"));
    const after = policy(rule("a", "require_approval: true"), rule("b", "allow: true"), rule("c"));
    const actions = ["a", "b", "c", "d"].map((tool) => actionOf({}, { tool }));
    expect(diffDecisions(before, after, actions)).toMatchObject([
      { index: 0, direction: "stricter", before: { outcome: "EXECUTE" }, after: { outcome: "ABSTAIN" } },
      { index: 1, direction: "looser", before: { outcome: "HALT" }, after: { outcome: "EXECUTE" } },
      { index: 3, direction: "same", before: { rule_id: "d" }, after: { rule_id: null } },
    ]);
  });
});
