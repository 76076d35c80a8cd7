import type { JsonObject, Outcome } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { loadPolicy } from "../../src/index.js";
import type { ToolSchema } from "../../src/tool-schema/tool-schema.js";
import { decided, policyOf } from "../decision/deciding.js";

/** The outcome for tool `t` of a rule with these conditions, before one that answers all else the other way round. */
function outcomeBehind(effect: "deny" | "allow", conditions: JsonObject, params: JsonObject): Outcome {
  const other = effect === "deny" ? "allow" : "deny";
  const rules = [
    { id: "first", match: { tool: "t", ...conditions }, [effect]: true },
    { id: "rest", match: { tool: "t" }, [other]: true },
  ];
  return decided(policyOf(rules), params).outcome;
}

function codesOf(rules: JsonObject[], tools?: ToolSchema[]): string[] {
  const options = tools === undefined ? {} : { tools };
  return loadPolicy(JSON.stringify({ rules }), options).findings.map(({ code }) => code);
}

describe("a value that stands where a path goes on is not a missing field", () => {
  it.each<[string, JsonObject, JsonObject]>([
    ["a text for a list", { "to[*]": { ends_with: "@evil.net" } }, { to: "x@evil.net" }],
    ["a map for a list", { "to[*]": { ends_with: "@evil.net" } }, { to: { "0": "x@evil.net" } }],
    ["a text for an item with fields", { "to[*].at": { domain: "evil.net" } }, { to: ["evil.net"] }],
    ["a list for a map", { "order.amount": { gt: 1000 } }, { order: [{ amount: 5000 }] }],
    ["JSON text for a map", { "order.amount": { gt: 1000 } }, { order: '{"amount":5000}' }],
    ["nothing for a map", { "order.amount": { gt: 1000 } }, { order: null }],
    ["a map for a list with places", { "argv[0]": "rm" }, { argv: { "0": "rm" } }],
    ["a text where nothing may be", { "order.amount": { exists: false } }, { order: "5000" }],
  ])("so a rule that denies still does: %s", (_, condition, params) => {
    expect(outcomeBehind("deny", { params: condition }, params)).toBe("HALT");
    expect(outcomeBehind("allow", { params: condition }, params)).toBe("HALT");
  });

  it("and the decision shows what stood there", () => {
    const rules = [
      { id: "large", match: { tool: "t", params: { "order.amount": { gt: 1000 } } }, deny: true },
      { id: "rest", match: { tool: "t" }, allow: true },
    ];
    const { reason_code, details } = decided(policyOf(rules), { order: "5000" });
    expect(reason_code).toBe("CONDITION_UNKNOWN");
    expect(details).toMatchObject([{ rule_id: "large", path: "params.order.amount", seen: "5000" }]);
  });

  it("while what is really missing is", () => {
    for (const params of [{}, { order: {} }, { order: { amounts: 5 } }]) {
      expect(outcomeBehind("deny", { params: { "order.amount": { gt: 1000 } } }, params)).toBe("EXECUTE");
    }
    expect(outcomeBehind("deny", { params: { "argv[3]": "rm" } }, { argv: ["ls"] })).toBe("EXECUTE");
  });
});

describe("two policies that decide differently", () => {
  it("have two hashes: all tests on one item, and a test on all items of one item", () => {
    const policy = (condition: JsonObject): { hash: string; outcome: Outcome } => {
      const rules = [{ id: "r", match: { tool: "t", params: { "items[*]": condition } }, deny: true }];
      const loaded = policyOf(rules);
      return { hash: loaded.hash, outcome: decided(loaded, { items: [[3]] }).outcome };
    };
    expect(policy({ gt: 1, lt: 5 }).hash).not.toBe(policy({ all: { gt: 1, lt: 5 } }).hash);
    expect(policy({ gt: 1, lt: 5 }).hash).toBe(policy({ lt: 5, gt: 1 }).hash);
  });
});

describe("the check of what an agent may leave out", () => {
  const deny = (params: JsonObject): JsonObject => ({ id: "d", match: { tool: "t", params }, deny: true });
  const allow = { id: "a", match: { tool: "t" }, allow: true };
  const schema = (...required: string[]): ToolSchema[] => {
    const properties = { amount: { type: "number" }, currency: { type: "string" } };
    return [{ tool: "t", operation: null, schema: { type: "object", properties, required } }];
  };
  const both = deny({ amount: { gt: 1000 }, currency: "EUR" });

  it("sees a way past by each param alone, whichever others the tool asks for", () => {
    expect(codesOf([both, allow])).toContain("bypass_by_omission");
    expect(codesOf([both, allow], schema("currency"))).toContain("omittable_param");
    expect(codesOf([both, allow], schema("amount"))).toContain("omittable_param");
    expect(codesOf([both, allow], schema("amount", "currency"))).toEqual([]);
  });

  it("is not put off by a later rule that asks for the other param", () => {
    const later = { id: "a", match: { tool: "t", params: { currency: { in: ["EUR", "USD"] } } }, allow: true };
    expect(codesOf([both, later])).toContain("bypass_by_omission");
  });

  it("is not put off by a rule for what lacks both params", () => {
    const neither = { amount: { exists: false }, currency: { exists: false } };
    expect(codesOf([both, { ...deny(neither), id: "n" }, allow])).toContain("bypass_by_omission");
    const each = ["amount", "currency"].map((name) => ({ ...deny({ [name]: { exists: false } }), id: name }));
    expect(codesOf([both, ...each, allow])).toEqual([]);
  });

  it("looks at the items of a list, too", () => {
    expect(codesOf([deny({ "to[*]": { domain: "evil.net" } }), allow])).toContain("bypass_by_omission");
  });
});

describe("all of a list", () => {
  it("is also true of an empty one, unless the rule asks for an item beside it", () => {
    const all = { all: { domain: "example.com" } };
    expect(outcomeBehind("allow", { params: { to: all } }, { to: [] })).toBe("EXECUTE");
    expect(outcomeBehind("allow", { params: { to: all, "to[0]": { exists: true } } }, { to: [] })).toBe("HALT");
    expect(outcomeBehind("allow", { params: { to: all, "to[0]": { exists: true } } }, { to: ["example.com"] })).toBe(
      "EXECUTE",
    );
  });
});

describe("what reads as one thing and would be another", () => {
  it("contains with a list is refused: it would look for the list as one item", () => {
    expect(codesOf([{ match: { tool: "t", params: { argv: { contains: ["--force", "-f"] } } }, deny: true }])).toEqual([
      "wrong_type",
    ]);
  });

  it.each(["/srv/..\\..\\etc\\passwd", "/srv/..\\../etc/passwd"])("no path leads out by a backslash: %s", (path) => {
    expect(outcomeBehind("allow", { path_starts_with: "/srv/" }, { path })).toBe("HALT");
  });

  it("no path hides its end behind a NUL", () => {
    expect(outcomeBehind("allow", { path_ends_with: ".txt" }, { path: "/etc/passwd\u0000.txt" })).toBe("HALT");
    expect(outcomeBehind("deny", { path_ends_with: "passwd" }, { path: "/etc/passwd\u0000.txt" })).toBe("HALT");
  });

  it.each(["~/.ssh/id_rsa", "$HOME/x", "C:/Windows/x", "c:x"])(
    "no path that starts elsewhere is within: %s",
    (path) => {
      expect(outcomeBehind("allow", { params: { path: { path_within: "." } } }, { path })).toBe("HALT");
      expect(outcomeBehind("deny", { params: { path: { path_within: "." } } }, { path })).toBe("HALT");
    },
  );

  it.each(["file", "javascript", "JavaScript", "data", "blob", "view-source"])(
    "a URL of %s: is no request to the host that it names",
    (scheme) => {
      const url = `${scheme}://api.example.com/x`;
      expect(outcomeBehind("allow", { params: { url: { domain: "api.example.com" } } }, { url })).toBe("HALT");
    },
  );

  it.each<[string, JsonObject]>([
    ["params.total / params.count > 100.0", { total: 0, count: 0 }],
    ["double(params.a) - double(params.b) > 0.0", { a: "1e999", b: "1e999" }],
    ["double(params.a) > 100.0", { a: "100.000000000000001" }],
  ])("an expression does not let pass what has no order, or another number than written: %s", (when, params) => {
    const rules = [
      { id: "first", match: { tool: "t" }, when, deny: true },
      { id: "rest", match: { tool: "t" }, allow: true },
    ];
    expect(decided(policyOf(rules), params).outcome).toBe("HALT");
  });
});

describe("a document's bounds", () => {
  it("a pack with an error is not used, however many warnings stand before it", () => {
    const warned = Array.from({ length: 250 }, (_, at) => ({
      match: { tool: "git", branch: `rel/*${at}` },
      deny: true,
    }));
    const wrong = { id: "nodrop", match: { tool: "db", params: { sql: { containz: "DROP" } } }, deny: true };
    const pack = JSON.stringify({ rules: [...warned, wrong, { match: { tool: "db" }, allow: true }] });
    const { policy, findings } = loadPolicy("extends: [p]\nrules: []\n", { packs: { p: pack } });
    expect(policy).toBeNull();
    expect(findings).toMatchObject([{ code: "pack_fault" }]);
    const alone = loadPolicy(pack);
    expect(alone.policy).toBeNull();
    expect(alone.findings.map(({ code }) => code)).toContain("unknown_operator");
  });

  it("a list of names holds 1,000, of which 100 with *", () => {
    const names = (count: number, end: string): string[] => Array.from({ length: count }, (_, at) => `n${at}${end}`);
    const rule = (tool: string[]): JsonObject[] => [{ match: { tool }, deny: true }];
    expect(codesOf(rule(names(1000, "")))).toEqual([]);
    expect(codesOf(rule(names(1001, "")))).toEqual(["too_large"]);
    expect(codesOf(rule(names(100, "*")))).toEqual([]);
    expect(codesOf(rule(names(101, "*")))).toEqual(["too_large"]);
  });

  it("patterns may need many states together, but not any number", () => {
    const patterns = Array.from({ length: 100 }, (_, at) => `(a|b)*a(a|b){10}${at}`);
    const codes = codesOf([{ match: { tool: "t", params: { a: { pattern: patterns } } }, deny: true }]);
    expect(new Set(codes)).toEqual(new Set(["too_large"]));
  });

  it("many tools times many operations are found as quickly as few", () => {
    const names = Array.from({ length: 1000 }, (_, at) => `n${at}`);
    const policy = policyOf([{ id: "all", match: { tool: names, operation: names }, allow: true }]);
    expect(decided(policy, {}, { tool: "n999", operation: "n7" }).outcome).toBe("EXECUTE");
    expect(decided(policy, {}, { tool: "n999", operation: "n1000" }).outcome).toBe("HALT");
  });
});
