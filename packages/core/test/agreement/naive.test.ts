import type { ActionRequest, JsonObject, JsonValue } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction, decide, loadPolicy, type Policy, packPolicy, unpackPolicy } from "../../src/index.js";
import { LEVELS, type NaiveRiskRule, type NaiveRule, naiveOutcome } from "./naive.js";
import { firstSeed, pairsToTest, Random } from "./random.js";

const PAIRS = pairsToTest(40_000);
const ACTIONS_EACH = 20;
const SEED = firstSeed();

const NAMES = ["a", "ab", "abc", "b", "bc", "c"];
const GLOBS = ["a*", "*c", "ab*", "*b*", "a*c", "b"];
const FIELDS = ["n", "t", "l", "m.x", "absent"];
const NUMBERS = [-1, 0, 0.5, 1, 2, 10];
const TEXTS = ["", "a", "abc", "5", "0.5", "12 EUR"];

describe("the engine", () => {
  it(`answers ${PAIRS} pairs of a policy and an action as the description says, seed ${SEED}`, {
    timeout: 3_600_000,
  }, () => {
    const told = { EXECUTE: 0, ABSTAIN: 0, HALT: 0 };
    for (let seed = SEED; (seed - SEED) * ACTIONS_EACH < PAIRS; seed++) {
      const random = new Random(seed);
      const rules = random.list(0, 12, () => drawRule(random));
      const riskRules = random.list(0, 3, () => drawRiskRule(random));
      const policy = seed % 2 === 0 ? loaded(rules, riskRules) : handedOver(loaded(rules, riskRules));
      for (let turn = 0; turn < ACTIONS_EACH; turn++) {
        const action = drawAction(random);
        const expected = naiveOutcome(rules, riskRules, action);
        const decision = decide(policy, canonicalizeAction(action));
        if (decision.outcome !== expected) {
          throw new Error(`not ${expected}: ${JSON.stringify({ seed, action, decision, rules, riskRules })}`);
        }
        told[expected]++;
      }
    }
    // What is compared must come out in every way, or it proves nothing.
    for (const count of Object.values(told)) expect(count).toBeGreaterThan(PAIRS / 50);
  });
});

/** The same policy, from another thread. */
function handedOver(policy: Policy): Policy {
  const steps = unpackPolicy(structuredClone(packPolicy(policy)), policy.version);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Contradictions are refused at load, so a few policies are drawn anew without what was refused. */
function loaded(rules: NaiveRule[], riskRules: NaiveRiskRule[]): Policy {
  for (;;) {
    const document = {
      rules: rules.map(({ effect, ...rest }) => ({ ...rest, [effect]: true })),
      risk: { rules: riskRules.map((rule, place) => ({ name: `k${place}`, ...rule })) },
    };
    const { policy, findings } = loadPolicy(JSON.stringify(document));
    if (policy !== null) return policy;
    const error = findings.find(({ severity }) => severity === "error");
    const [, kind, place] = /^\$\.(rules|risk\.rules)\[(\d+)\]/.exec(error?.path ?? "") ?? [];
    if (error?.code !== "never_true" || place === undefined) throw new Error(JSON.stringify(findings));
    (kind === "rules" ? rules : riskRules).splice(Number(place), 1);
  }
}

function drawRule(random: Random): NaiveRule {
  return {
    match: drawMatch(random),
    effect: random.pick(["allow", "allow", "allow", "deny", "require_approval"]),
    enabled: !random.chance(0.05),
    ...(random.chance(0.2) && { risk: random.pick(LEVELS) }),
  };
}

function drawRiskRule(random: Random): NaiveRiskRule {
  return { when: drawMatch(random), risk_level: random.pick(LEVELS) };
}

function drawMatch(random: Random): JsonObject {
  const match: JsonObject = {};
  for (const key of ["tool", "operation", "agent_id"]) {
    if (random.chance(0.4))
      match[key] = random.chance(0.5) ? random.pick(NAMES) : random.list(1, 3, () => drawName(random));
  }
  if (random.chance(0.6)) match["params"] = drawConditions(random);
  if (random.chance(0.2)) match["context"] = drawConditions(random);
  return Object.keys(match).length === 0 ? { any: true } : match;
}

function drawName(random: Random): string {
  return random.pick(random.chance(0.5) ? NAMES : GLOBS);
}

function drawConditions(random: Random): JsonObject {
  return Object.fromEntries(random.list(1, 2, () => [random.pick(FIELDS), drawCondition(random, 2)]));
}

function drawCondition(random: Random, depth: number): JsonValue {
  if (random.chance(0.15)) return random.pick<JsonValue>([1, "abc", true, null, ["a", 1]]);
  return Object.fromEntries(random.list(1, 2, () => drawTest(random, depth)));
}

function drawTest(random: Random, depth: number): [string, JsonValue] {
  const inner = (): JsonValue => ({ ...(drawInner(random, depth - 1) as JsonObject) });
  if (depth > 0 && random.chance(0.35)) {
    const operator = random.pick(["not", "all", "any", "none"]);
    if (operator === "not" || random.chance(0.4)) return [operator, inner()];
    return [operator, random.list(1, 3, inner)];
  }
  const operator = random.pick([
    "eq",
    "ne",
    "in",
    "not_in",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains",
    "starts_with",
    "ends_with",
    "pattern",
    "exists",
    "type",
  ]);
  return [operator, drawOperand(random, operator)];
}

function drawInner(random: Random, depth: number): JsonValue {
  return Object.fromEntries([drawTest(random, depth)]);
}

function drawOperand(random: Random, operator: string): JsonValue {
  switch (operator) {
    case "eq":
    case "ne":
      return random.pick<JsonValue>([...NUMBERS, ...TEXTS, true, null]);
    case "in":
    case "not_in":
      return random.list(1, 3, () => random.pick<JsonValue>([...NUMBERS, ...TEXTS]));
    case "contains":
      return random.pick<JsonValue>(["a", "b", "EUR", 1]);
    case "starts_with":
    case "ends_with":
      return random.pick<JsonValue>(["a", "c", ["a", "5"]]);
    case "pattern":
      return random.pick<JsonValue>(["^a", "b", "^[0-9]+$", ["c$", "^$"]]);
    case "exists":
      return random.chance(0.5);
    case "type":
      return random.pick<JsonValue>(["string", "number", "integer", "array", ["object", "null"]]);
    default:
      return random.pick<JsonValue>([...NUMBERS, "1", "0.5"]);
  }
}

function drawAction(random: Random): ActionRequest {
  return {
    agent_id: random.pick(NAMES),
    tool: random.pick(NAMES),
    operation: random.pick(NAMES),
    params: drawFields(random),
    ...(random.chance(0.5) && { context: drawFields(random) }),
  };
}

function drawFields(random: Random): JsonObject {
  const fields: JsonObject = {};
  if (random.chance(0.8)) fields["n"] = drawValue(random, NUMBERS);
  if (random.chance(0.8)) fields["t"] = drawValue(random, TEXTS);
  if (random.chance(0.6)) fields["l"] = random.list(0, 3, () => random.pick<JsonValue>([...NUMBERS, ...TEXTS]));
  if (random.chance(0.6)) fields["m"] = random.chance(0.8) ? { x: drawValue(random, NUMBERS) } : "none";
  return fields;
}

/** Mostly of the kind that is expected, and now and then of another. */
function drawValue(random: Random, usual: readonly JsonValue[]): JsonValue {
  return random.chance(0.8)
    ? random.pick(usual)
    : random.pick<JsonValue>([...NUMBERS, ...TEXTS, true, null, ["a", 1], { x: 1 }]);
}
