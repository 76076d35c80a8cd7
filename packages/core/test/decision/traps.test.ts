import { describe, expect, it } from "vitest";
import { decided, policyOf } from "./deciding.js";

const SMALL_REFUND = policyOf([{ match: { amount_lte: 100 }, allow: true }]);
const LARGE_REFUND = policyOf([
  { match: { amount_gt: 100 }, deny: true },
  { match: { tool: "t", params: { amount: { exists: true } } }, allow: true },
]);

describe("traps that other gates fell into", () => {
  it("trap: a missing amount is not 0, so it is not a small one", () => {
    expect(decided(SMALL_REFUND, {}).outcome).toBe("HALT");
    expect(decided(SMALL_REFUND, { amount: null }).outcome).toBe("HALT");
    expect(decided(SMALL_REFUND, { amount: "" }).outcome).toBe("HALT");
    expect(decided(SMALL_REFUND, { amount: 0 }).outcome).toBe("EXECUTE");
  });

  it.each(["nan", "NaN", "-nan", "inf", "-Infinity", "1e3", "1_000", "0x7f", " 1", "１"])(
    "trap: the text %j is no number: it meets no bound, and is denied where a large amount is",
    (amount) => {
      expect(decided(SMALL_REFUND, { amount })).toMatchObject({ outcome: "HALT", reason_code: "CONDITION_UNKNOWN" });
      expect(decided(LARGE_REFUND, { amount })).toMatchObject({ outcome: "HALT", reason_code: "CONDITION_UNKNOWN" });
    },
  );

  it("trap: decimals beyond 2^53 are compared digit by digit", () => {
    const policy = policyOf([{ match: { params: { n: { gt: "9007199254740992" } } }, allow: true }]);
    expect(decided(policy, { n: "9007199254740993" }).outcome).toBe("EXECUTE");
    expect(decided(policy, { n: "9007199254740992" }).outcome).toBe("HALT");
    expect(decided(policy, { n: "9007199254740992.0000000000000000001" }).outcome).toBe("EXECUTE");
    const equal = policyOf([{ match: { params: { n: "9007199254740993" } }, allow: true }]);
    expect(decided(equal, { n: "9007199254740992" }).outcome).toBe("HALT");
  });

  it("trap: true is not 1, and false is not 0", () => {
    const one = policyOf([{ match: { params: { n: 1 } }, allow: true }]);
    expect(decided(one, { n: true }).outcome).toBe("HALT");
    expect(decided(SMALL_REFUND, { amount: true }).outcome).toBe("HALT");
    expect(decided(SMALL_REFUND, { amount: false }).outcome).toBe("HALT");
  });

  it.each([
    ["a tab", "rm\t-rf /"],
    ["a newline", "rm\n-rf /"],
    ["letters beyond ASCII before it", "café && rm -rf /"],
    ["a quote before it", 'echo "x"; rm -rf /'],
    ["a no-break space in front", "\u00a0rm -rf /"],
  ])("trap: %s does not hide a command from a deny pattern", (_what, cmd) => {
    const policy = policyOf([
      { match: { pattern: "\\brm\\s+-rf" }, deny: true },
      { match: { tool: "t" }, allow: true },
    ]);
    expect(decided(policy, { cmd }).reason_code).toBe("POLICY_DENY");
    expect(decided(policy, { a: [{ b: cmd }] }).reason_code).toBe("POLICY_DENY");
    expect(decided(policy, { cmd: "ls" }).outcome).toBe("EXECUTE");
  });

  it("trap: agent_id is the action's, whatever params or context say", () => {
    const policy = policyOf([{ match: { agent_id: "admin" }, allow: true }]);
    expect(decided(policy, { agent_id: "admin" }, { context: { agent_id: "admin" } }).outcome).toBe("HALT");
    expect(decided(policy, {}, { agent_id: "admin" }).outcome).toBe("EXECUTE");
  });

  it("trap: params named like the action's own fields do not stand for them", () => {
    const policy = policyOf([
      { match: { tool: "shell", operation: "exec" }, deny: true },
      { match: { tool: "http" }, allow: true },
    ]);
    const shadow = { tool: "http", operation: "get", params: {}, context: {} };
    expect(decided(policy, shadow, { tool: "shell", operation: "exec" }).outcome).toBe("HALT");
    expect(decided(policy, shadow, { tool: "email" }).outcome).toBe("HALT");
  });

  it("trap: names that every object inherits are missing unless given", () => {
    const policy = policyOf([
      { match: { params: { toString: { exists: true } } }, deny: true },
      { match: { params: { "a.valueOf": { exists: true } } }, deny: true },
      { match: { any: true }, allow: true },
    ]);
    expect(decided(policy, {}).outcome).toBe("EXECUTE");
    expect(decided(policy, { a: {} }).outcome).toBe("EXECUTE");
    expect(decided(policy, { toString: 1 }).outcome).toBe("HALT");
    expect(decided(policy, { a: { valueOf: 1 } }).outcome).toBe("HALT");
  });
});
