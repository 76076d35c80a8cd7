import type { ActionRequest, Decision, JsonObject, JsonValue } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../src/decision/decide.js";
import type { Policy } from "../../src/policy/policy.js";
import { actionOf, decided, policyOf } from "./deciding.js";

const ALLOW_ALL = policyOf([{ match: { any: true }, allow: true }]);

describe("deciding", () => {
  it("trap: silence is deny: no rule, no match, no policy, a disabled agent", () => {
    const halted = [
      decided(policyOf([]), {}),
      decided(policyOf([{ match: { tool: "other" }, allow: true }]), {}),
      decide(null, actionOf({})),
      decide(ALLOW_ALL, actionOf({}), { agent_disabled: true }),
    ];
    expect(halted.map(({ outcome, reason_code }) => `${outcome} ${reason_code}`)).toEqual([
      "HALT DEFAULT_DENY_NO_MATCH",
      "HALT DEFAULT_DENY_NO_MATCH",
      "HALT POLICY_UNAVAILABLE",
      "HALT AGENT_DISABLED",
    ]);
  });

  it("halts where deciding itself fails", () => {
    const broken = {
      ...ALLOW_ALL,
      get compiled(): Policy["compiled"] {
        throw new Error("broken");
      },
    };
    expect(decide(broken, actionOf({}))).toMatchObject({ outcome: "HALT", reason_code: "INTERNAL_ERROR" });
  });

  it("says which policy and which action it is about", () => {
    const action = actionOf({ a: 1 });
    expect(decide(ALLOW_ALL, action)).toMatchObject({
      request_hash: action.request_hash,
      policy_id: "policy",
      policy_version: 1,
      policy_hash: ALLOW_ALL.hash,
    });
  });

  it("skips rules that are turned off", () => {
    const policy = policyOf([
      { match: { tool: "t" }, allow: true, enabled: false },
      { match: { tool: "t" }, deny: true },
    ]);
    expect(decided(policy, {}).reason_code).toBe("POLICY_DENY");
  });

  it("hands out what the approval needs, and nothing that leads back into the policy", () => {
    const terms = { approvers: ["bob", "ada"], exclude_submitter: true, expires_in: "4h" };
    const policy = policyOf([{ match: { tool: "t" }, require_approval: terms }]);
    const expected = { approvers: ["ada", "bob"], exclude_submitter: true, expires_in_seconds: 14_400 };
    const first = decided(policy, {});
    expect(first.approval).toEqual(expected);
    first.approval?.approvers.push("eve");
    expect(decided(policy, {}).approval).toEqual(expected);
  });

  it("asks any approver within 15 minutes where a rule or a risk upgrade says no more", () => {
    const expected = { approvers: [], exclude_submitter: false, expires_in_seconds: 900 };
    const asked = policyOf([{ match: { tool: "t" }, require_approval: true }]);
    const upgraded = policyOf([{ match: { tool: "t" }, allow: true, risk: "high" }]);
    expect(decided(asked, {}).approval).toEqual(expected);
    expect(decided(upgraded, {}).approval).toEqual(expected);
    expect(decided(ALLOW_ALL, {})).not.toHaveProperty("approval");
  });

  it("names rule, path and value of what could not be judged, cut to a length", () => {
    const policy = policyOf([{ id: "small", match: { params: { n: { lt: 10 } } }, allow: true }]);
    const long = "9".repeat(300).concat("x");
    expect(decided(policy, { n: "ten" }).details).toEqual([
      { rule_id: "small", path: "params.n", operator: "lt", seen: "ten" },
    ]);
    expect(decided(policy, { n: long }).details?.[0]?.seen).toBe(`${"9".repeat(200)}…`);
    expect(decided(policy, { n: 5 })).not.toHaveProperty("details");
  });

  it("gives the same decision each time, in any order, for any action", () => {
    const policy = policyOf([
      { match: { tool: ["a", "b*"], params: { x: { pattern: "^[a-m]" } } }, deny: true },
      { match: { operation: "o*", params: { "y[*].z": { gte: 3 } } }, require_approval: true },
      { match: { tool: "*a", context: { env: "dev" } }, allow: true },
    ]);
    const values = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
    const actions = fc.array(
      fc.record({
        tool: fc.constantFrom("a", "ba", "bb", "c"),
        operation: fc.constantFrom("o1", "p"),
        params: fc.dictionary(fc.constantFrom("x", "y"), values),
        context: fc.dictionary(fc.constantFrom("env", "other"), fc.constantFrom<JsonValue>("dev", "prod", 5)),
      }),
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(actions, (requests) => {
        const inputs = requests.flatMap((request) => canonical(request) ?? []);
        const once = inputs.map((action) => decide(policy, action));
        const again = inputs.toReversed().map((action) => decide(policy, action));
        expect(again.toReversed()).toEqual(once);
        for (const decision of once) expect(["EXECUTE", "ABSTAIN", "HALT"]).toContain(decision.outcome);
      }),
    );
  });

  it("is as fast with names that nobody has used before as its bound on kept names allows", () => {
    const policy = policyOf([{ match: { tool: "a*" }, allow: true }]);
    const decisions = new Set<Decision["outcome"]>();
    for (let index = 0; index < 10_000; index++) decisions.add(decided(policy, {}, { tool: `a${index}` }).outcome);
    expect([...decisions]).toEqual(["EXECUTE"]);
  });
});

/** Null for values without a canonical form, which are refused before anything is decided. */
function canonical(request: Partial<ActionRequest> & { params: JsonObject }): ReturnType<typeof actionOf> | null {
  try {
    return actionOf(request.params, request);
  } catch {
    return null;
  }
}
