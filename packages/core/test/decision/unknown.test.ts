import type { JsonObject, Outcome } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decided, policyOf } from "./deciding.js";

const STRICTNESS: readonly Outcome[] = ["EXECUTE", "ABSTAIN", "HALT"];

/** Params on which each condition below is surely true, surely false, or cannot be judged. */
const PARAMS: JsonObject = { known: 5, text: "abc", mistyped: "12 EUR", list: [1, "x"], object: {} };

const TRUE_NOW = [{ known: { gt: 1 } }, { text: "abc" }, { text: { pattern: "^a" } }, { absent: { exists: false } }];
const FALSE_NOW = [{ known: { gt: 9 } }, { text: "x" }, { absent: 1 }, { text: { not: "abc" } }];
const UNKNOWN_NOW = [
  { mistyped: { gt: 1 } },
  { object: { pattern: "a" } },
  { mistyped: { not: { lte: 5 } } },
  { "list[*]": { gt: 5 } },
  { list: { all: { gt: 0 } } },
  { known: { domain: "example.com" } },
];
/** Always unknown on PARAMS, and by changing one operand always true or always false. */
const HOLE = { mistyped: { gt: 1 } };
const HOLE_TRUE = { mistyped: { exists: true } };
const HOLE_FALSE = { mistyped: { exists: false } };

const ATOMS = fc.oneof(
  { weight: 4, arbitrary: fc.constant<"hole">("hole") },
  { weight: 5, arbitrary: fc.constantFrom<JsonObject>(...TRUE_NOW) },
  { weight: 1, arbitrary: fc.constantFrom<JsonObject>(...FALSE_NOW) },
  { weight: 2, arbitrary: fc.constantFrom<JsonObject>(...UNKNOWN_NOW) },
);
const EFFECTS = fc.constantFrom<JsonObject>(
  { allow: true },
  { allow: true },
  { allow: true },
  { deny: true },
  { require_approval: true },
  { require_approval: { approvers: ["finance"] } },
  { require_approval: { approvers: ["ops", "finance"] } },
);
const RULES = fc.array(
  fc.record({
    atoms: fc.array(ATOMS, { minLength: 1, maxLength: 2 }),
    effect: EFFECTS,
    risk: fc.constantFrom(undefined, "low", "high"),
  }),
  { minLength: 1, maxLength: 5 },
);
const RISK_RULES = fc.array(fc.record({ atom: ATOMS, risk_level: fc.constantFrom("low", "medium", "high") }), {
  maxLength: 3,
});

type Drawn = {
  rules: { atoms: (JsonObject | "hole")[]; effect: JsonObject; risk: string | undefined }[];
  risks: { atom: JsonObject | "hole"; risk_level: string }[];
};

/** The outcome with every hole filled by the same condition. */
function outcomeWith({ rules, risks }: Drawn, hole: JsonObject): Outcome {
  const fill = (atom: JsonObject | "hole"): JsonObject => (atom === "hole" ? hole : atom);
  const document = rules.map(({ atoms, effect, risk }, index) => ({
    id: `r${index}`,
    match: { params: joined(atoms.map(fill)) },
    ...effect,
    ...(risk === undefined ? {} : { risk }),
  }));
  const risk = risks.map(({ atom, risk_level }, index) => ({
    name: `k${index}`,
    when: { params: fill(atom) },
    risk_level,
  }));
  return decided(policyOf(document, risk), PARAMS).outcome;
}

/** Conditions on one field become one that needs all of them. */
function joined(atoms: JsonObject[]): JsonObject {
  const match: Record<string, { all: JsonObject[string][] }> = {};
  for (const [path, condition] of atoms.flatMap((atom) => Object.entries(atom))) {
    match[path] = { all: [...(match[path]?.all ?? []), condition] };
  }
  return match;
}

describe("a condition that cannot be judged", () => {
  it("never gives a looser outcome than the strictest over it being true and it being false", () => {
    fc.assert(
      fc.property(RULES, RISK_RULES, (rules, risks) => {
        const strictnessWith = (hole: JsonObject): number => STRICTNESS.indexOf(outcomeWith({ rules, risks }, hole));
        const strictest = Math.max(strictnessWith(HOLE_TRUE), strictnessWith(HOLE_FALSE));
        expect(strictnessWith(HOLE)).toBeGreaterThanOrEqual(strictest);
      }),
      { numRuns: 3_000 },
    );
  }, 120_000);

  it("never is what allows: an allow comes from a rule all of whose conditions are true", () => {
    fc.assert(
      fc.property(RULES, RISK_RULES, (rules, risks) => {
        const document = rules.map(({ atoms, effect }, index) => ({
          id: `r${index}`,
          match: { params: joined(atoms.map((atom) => (atom === "hole" ? HOLE : atom))) },
          ...effect,
        }));
        const { outcome, rule_id } = decided(policyOf(document), PARAMS);
        if (outcome !== "EXECUTE") return;
        const answering = rules[Number(rule_id?.slice(1))];
        expect(answering?.effect).toEqual({ allow: true });
        expect(answering?.atoms.every((atom) => atom !== "hole" && TRUE_NOW.includes(atom as never))).toBe(true);
        expect(risks).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it("joins what two rules ask of an approval: approvers of both, the shorter time, the submitter excluded by either", () => {
    const policy = policyOf([
      { match: { params: { n: { gt: 1 } } }, require_approval: { approvers: ["ada", "bob"], expires_in: "1h" } },
      {
        match: { any: true },
        require_approval: { approvers: ["bob", "eve"], exclude_submitter: true, expires_in: "2h" },
      },
    ]);
    const approval = { approvers: ["bob"], exclude_submitter: true, expires_in_seconds: 3_600 };
    expect(decided(policy, { n: "ten" })).toMatchObject({ outcome: "ABSTAIN", approval });
  });
});
