import type { JsonObject } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decided, policyOf } from "./deciding.js";

type RuleDocument = JsonObject & { id: string; match: JsonObject };

const NAMES = ["a", "ab", "b", "bc", "c"];
const scopes = fc.constantFrom(undefined, "a", "b", "a*", "*c", "*", ["a", "c"], ["ab", "b*"]);
const drawnRules = fc.array(
  fc.record({
    tool: scopes,
    operation: scopes,
    agent_id: fc.constantFrom(undefined, undefined, "x", "y*"),
    bound: fc.option(fc.integer({ min: 0, max: 3 })),
    effect: fc.constantFrom<JsonObject>({ allow: true }, { deny: true }, { require_approval: true }),
    enabled: fc.boolean(),
  }),
  { maxLength: 12 },
);

function documentOf(drawn: typeof drawnRules extends fc.Arbitrary<infer Rules> ? Rules : never): RuleDocument[] {
  return drawn.map(({ tool, operation, agent_id, bound, effect, enabled }, index) => {
    const names = Object.entries({ tool, operation, agent_id }).filter(([, value]) => value !== undefined);
    const params = bound === null ? {} : { params: { n: { gt: bound } } };
    const match = { ...Object.fromEntries(names), ...params } as JsonObject;
    return { id: `r${index}`, match: Object.keys(match).length === 0 ? { any: true } : match, enabled, ...effect };
  });
}

/** The first rule that matches, found by looking at every one: no index, no compiling. */
function naively(
  rules: readonly RuleDocument[],
  action: { tool: string; operation: string; agent_id: string },
  n: number,
) {
  return rules.find(({ match, enabled }) => {
    const bound = match["params"] as { n: { gt: number } } | undefined;
    return (
      enabled === true &&
      isNamed(match["tool"], action.tool) &&
      isNamed(match["operation"], action.operation) &&
      isNamed(match["agent_id"], action.agent_id) &&
      (bound === undefined || n > bound.n.gt)
    );
  });
}

function isNamed(names: unknown, name: string): boolean {
  if (names === undefined) return true;
  const globs = (Array.isArray(names) ? names : [names]) as string[];
  return globs.some((glob) => new RegExp(`^${glob.replaceAll("*", ".*")}$`).test(name));
}

describe("the index on tool and operation", () => {
  it("never changes which rule answers", () => {
    const actions = fc.record({
      tool: fc.constantFrom(...NAMES),
      operation: fc.constantFrom(...NAMES),
      agent_id: fc.constantFrom("x", "y1", "z"),
    });
    fc.assert(
      fc.property(
        drawnRules,
        fc.array(actions, { maxLength: 6 }),
        fc.integer({ min: 0, max: 4 }),
        (drawn, asked, n) => {
          const rules = documentOf(drawn);
          const policy = policyOf(rules);
          for (const action of [...asked, ...asked]) {
            expect(decided(policy, { n }, action).rule_id).toBe(naively(rules, action, n)?.id ?? null);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
