import { describe, expect, it } from "vitest";
import {
  canonicalizeAction,
  decide,
  diffPolicies,
  loadPolicy,
  type Policy,
  packPolicy,
  unpackPolicy,
} from "../../src/index.js";

const PACK = `rules:
  - { match: { tool: shell, pattern: [rm, dd] }, deny: true }
  - { id: look, match: { tool: shell, params: { cmd: { in: [ls, pwd] } } }, allow: true }
risk: { rules: [{ name: loud, when: { params: { loud: true } }, risk_level: high }] }`;

const SOURCE = `version: 1
name: handed
applies_to: { agent_id: ["a*", b] }
extends: tools
profiles: [{ name: p, tools: [{ tool: [shell, mail] }] }]
rules:
  - { match: { tool: mail, params: { "to[*]": { ends_with: "@example.com" } } }, when: 'risk == "low"', require_approval: { approvers: [x], expires_in: 1h } }
  - { id: off, match: { tool: mail }, allow: true, enabled: false }
  - id: tested
    match: { tool: mail, amount_gt: 5 }
    deny: true
    tests: [{ action: { agent_id: b, tool: mail, operation: o, params: { amount: 6 } } }]
risk: { rules: [{ name: own, when: params.n > 3.0, risk_level: medium }] }`;

function unpacked(policy: Policy): { policy: Policy; steps: number } {
  const steps = unpackPolicy(structuredClone(packPolicy(policy)), 7);
  for (let count = 1; ; count++) {
    const { done, value } = steps.next();
    if (done === true) return { policy: value, steps: count };
  }
}

describe("a policy that was loaded in another thread", () => {
  const { policy: loaded } = loadPolicy(SOURCE, { version: 7, packs: { tools: PACK } });
  if (loaded === null) throw new Error("it does not load");
  const { policy } = unpacked(loaded);

  it("is the same in everything but its tests, which have been run", () => {
    expect(diffPolicies(loaded, policy)).toMatchObject({ same: true, rules: [], risk_rules: [], profiles: [] });
    const { compiled: _, cases, ...told } = loaded;
    const { compiled: __, cases: none, ...same } = policy;
    expect(same).toEqual(told);
    expect([cases.length, none.length]).toEqual([1, 0]);
  });

  it.each([
    { tool: "mail", params: { to: ["x@example.com"] } },
    { tool: "mail", params: { to: ["x@example.com"], loud: true } },
    { tool: "mail", params: { to: ["x@example.com"], n: "?" } },
    { tool: "mail", params: { amount: 9 } },
    { tool: "shell", params: { cmd: "ls" } },
    { tool: "shell", params: { cmd: "ls", loud: true } },
    { tool: "shell", params: { cmd: "rm" } },
    { tool: "git", params: {} },
    { tool: "shell", params: {}, agent_id: "z" },
  ])("decides as it would have here: %j", (asked) => {
    const action = canonicalizeAction({ agent_id: "agent", operation: "o", ...asked });
    const decided = (by: Policy) => decide(by, action, {}, { explain: true });
    expect(decided(policy)).toEqual(decided(loaded));
  });

  it("is taken up in many steps, none of them long", () => {
    const rules = Array.from({ length: 3_000 }, (_, n) => ({
      match: { tool: `t${n}`, params: { a: { gt: n } } },
      deny: true,
    }));
    const large = loadPolicy(JSON.stringify({ rules })).policy;
    if (large === null) throw new Error("it does not load");
    expect(unpacked(large).steps).toBeGreaterThan(100);
  });

  it("tells the same of a decision where keys are digits, which objects would put in another order", () => {
    const source = `rules: [{ match: { tool: t, params: { b: { gt: 1 }, "1": { gt: 1 }, tests: { gt: 1 } } }, deny: true }]`;
    const { policy: direct } = loadPolicy(source);
    if (direct === null) throw new Error("it does not load");
    const action = canonicalizeAction({
      agent_id: "a",
      tool: "t",
      operation: "o",
      params: { b: "x", 1: "y", tests: 2 },
    });
    const [first, second] = [direct, unpacked(direct).policy].map((each) =>
      decide(each, action, {}, { explain: true }),
    );
    expect(first?.details).toMatchObject([{ path: "params.b", seen: "x" }]);
    expect({ ...second, policy_version: 0 }).toEqual({ ...first, policy_version: 0 });
  });
});
