import { describe, expect, it } from "vitest";
import { decide } from "../../src/decision/decide.js";
import { actionOf, policyOf } from "./deciding.js";

const POLICY = policyOf([
  { id: "other-tool", match: { tool: "mail" }, deny: true },
  { id: "off", match: { tool: "t" }, deny: true, enabled: false },
  { id: "other-agent", match: { tool: "t", agent_id: ["root", "dba-*"] }, allow: true },
  { id: "prod", match: { tool: "t", params: { amount: { gt: 1 } }, context: { env: "prod" } }, deny: true },
  { id: "large", match: { tool: "t", params: { amount: { gt: 100 } } }, require_approval: true },
  { id: "small", match: { tool: "t", params: { amount: { lte: 100 } } }, allow: true },
  { id: "rest", match: { any: true }, deny: true },
]);

describe("the trace", () => {
  it("says of each rule that is on why it answered or did not", () => {
    const { trace } = decide(POLICY, actionOf({ amount: 50 }), {}, { explain: true });
    expect(trace).toEqual([
      { rule_id: "other-tool", result: "skipped", effect: "deny" },
      {
        rule_id: "other-agent",
        result: "no_match",
        effect: "allow",
        condition: {
          path: "agent_id",
          operator: "in",
          expected: ["dba-*", "root"],
          seen: "agent-1",
          why: "the rule is for other agents",
        },
      },
      {
        rule_id: "prod",
        result: "no_match",
        effect: "deny",
        condition: {
          path: "context.env",
          operator: "eq",
          expected: "prod",
          missing: true,
          why: "the field is missing",
        },
      },
      {
        rule_id: "large",
        result: "no_match",
        effect: "require_approval",
        condition: {
          path: "params.amount",
          operator: "gt",
          expected: 100,
          seen: 50,
          why: "the value does not meet it",
        },
      },
      { rule_id: "small", result: "matched", effect: "allow" },
      { rule_id: "rest", result: "not_reached", effect: "deny" },
    ]);
  });

  it("shows what could not be judged, and goes on to the rule that answers", () => {
    const { trace, rule_id } = decide(POLICY, actionOf({ amount: "lots" }), {}, { explain: true });
    expect(rule_id).toBe("rest");
    expect(trace?.slice(3).map(({ rule_id: id, result }) => `${id} ${result}`)).toEqual([
      "large unknown",
      "small unknown",
      "rest matched",
    ]);
    expect(trace?.[3]?.condition).toMatchObject({ seen: "lots", why: "gt cannot be judged on this value" });
  });

  it("is only made when asked for, and changes nothing else", () => {
    const action = actionOf({ amount: 50 });
    const { trace, ...explained } = decide(POLICY, action, {}, { explain: true });
    expect(trace).toHaveLength(6);
    expect(decide(POLICY, action)).toEqual(explained);
  });
});
