import { canonicalizeAction, decide, loadPolicy, type Policy, readPolicyCases, testPolicy } from "@faramesh/core";
import type { JsonObject } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { allPacks, PACK_NAMES, type PackName, packSummary, readPack, readPackTests } from "../src/index.js";
import { EVASIONS } from "./evasions.js";

const POLICIES = new Map(PACK_NAMES.map((name) => [name, loadPolicy(readPack(name))]));

function packOf(name: PackName): Policy {
  const policy = POLICIES.get(name)?.policy;
  if (policy === undefined || policy === null) throw new Error(`${name} does not load`);
  return policy;
}

function outcomeOf(policy: Policy, action: { tool: string; operation: string; params: JsonObject }): string {
  return decide(policy, canonicalizeAction({ agent_id: "agent", ...action })).outcome;
}

describe.each(PACK_NAMES)("the pack %s", (name) => {
  it("loads without a finding, names every rule and says why it is there", () => {
    expect(POLICIES.get(name)?.findings).toEqual([]);
    const policy = packOf(name);
    expect(policy.id).toBe(name);
    for (const rule of policy.rules) {
      expect(rule.id).toMatch(/^[a-z0-9-]+$/);
      expect(rule.reason).not.toMatch(/by policy rule/);
    }
    expect(packSummary(name).length).toBeGreaterThan(80);
  });

  it("passes its tests, which reach every rule", () => {
    const { cases, findings } = readPolicyCases(readPackTests(name));
    expect(findings).toEqual([]);
    const report = testPolicy(packOf(name), cases ?? []);
    expect(
      report.results.flatMap((result) => result.differences.map((each) => `${result.case.name}: ${each}`)),
    ).toEqual([]);
    expect(report.coverage.uncovered).toEqual([]);
  });

  it("allows by whole values only: what is allowed has a condition on a whole text, a number or a name", () => {
    for (const { effect, conditions, tools, operations, id } of packOf(name).rules) {
      if (effect !== "allow") continue;
      expect(tools.length, id).toBeGreaterThan(0);
      expect(conditions.length + operations.length, id).toBeGreaterThan(0);
      for (const condition of conditions) expect(condition, id).not.toMatch(/ (contains|starts_with|ends_with) /);
    }
  });

  it.each(EVASIONS[name])("does not let this through: %j", (action) => {
    expect(outcomeOf(packOf(name), action)).not.toBe("EXECUTE");
  });

  it("can be built on, by a policy whose own rules come first", () => {
    const own = `extends: ${name}\nrules:\n  - { id: stop, match: { any: true }, deny: true }\n`;
    const { policy } = loadPolicy(own, { packs: allPacks() });
    expect(policy?.rules[0]?.id).toBe("stop");
    expect(policy?.rules.slice(1).every((rule) => rule.pack === name && rule.id.startsWith(`${name}/`))).toBe(true);
  });
});

describe("all packs together", () => {
  it("load as one policy without a finding, and still pass their tests", () => {
    const source = `extends: [${PACK_NAMES.join(", ")}]\nrules: []\n`;
    const { policy, findings } = loadPolicy(source, { packs: allPacks() });
    expect(findings).toEqual([]);
    if (policy === null) throw new Error("they do not load");
    const failed = PACK_NAMES.flatMap((name) => {
      const cases = readPolicyCases(readPackTests(name)).cases ?? [];
      const together = testPolicy(policy, cases).results;
      const alone = testPolicy(packOf(name), cases).results;
      return together.filter(({ decision }, place) => decision.outcome !== alone[place]?.decision.outcome);
    });
    expect(failed.map((result) => [result.case.name, result.decision.rule_id])).toEqual([]);
  });
});
