import cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { ActionRequest, JsonObject, JsonValue, Outcome } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction, decide, loadPolicy } from "../../src/index.js";
import { firstSeed, pairsToTest, Random } from "./random.js";

/**
 * What both languages can say: permits and forbids on names, on whole numbers, texts and booleans that are there, and
 * their "and", "or" and "not". Cedar has no order, and a forbid beats any permit: so the rules that deny stand first
 * here. A field is asked for with `has` before it is looked at, because Cedar passes over a policy that meets an error.
 */

const PAIRS = pairsToTest(10_000);
const ACTIONS_EACH = 40;
const SEED = firstSeed();

const TOOLS = ["shell", "stripe", "http"];
const OPERATIONS = ["exec", "refund", "get"];
const AGENTS = ["ops", "bot-1", "bot-2"];

/** One condition in both languages. */
interface Written {
  readonly ours: JsonObject;
  readonly cedar: string;
}

interface Rule {
  readonly effect: "allow" | "deny";
  readonly tool: readonly string[];
  readonly operation: readonly string[];
  readonly agent: readonly string[];
  readonly conditions: readonly Written[];
}

describe("Cedar, on what both languages say,", () => {
  it(`answers ${PAIRS} pairs of a policy and an action alike, seed ${SEED}`, { timeout: 3_600_000 }, () => {
    const told: Record<Outcome, number> = { EXECUTE: 0, ABSTAIN: 0, HALT: 0 };
    for (let seed = SEED; (seed - SEED) * ACTIONS_EACH < PAIRS; seed++) {
      const random = new Random(seed);
      const rules = random.list(1, 8, () => drawRule(random));
      const [ours, theirs] = [oursOf(rules), theirsOf(rules)];
      for (let turn = 0; turn < ACTIONS_EACH; turn++) {
        const action = drawAction(random);
        const [mine, its] = [ours(action), theirs(action)];
        if (mine !== its) expect({ seed, action, rules, mine }).toEqual({ its });
        told[mine]++;
      }
    }
    expect(told.ABSTAIN).toBe(0);
    expect(Math.min(told.EXECUTE, told.HALT)).toBeGreaterThan(PAIRS / 20);
  });
});

function oursOf(rules: readonly Rule[]): (action: ActionRequest) => Outcome {
  const ordered = [...rules].sort((left, right) =>
    left.effect < right.effect ? 1 : left.effect > right.effect ? -1 : 0,
  );
  const document = ordered.map(({ effect, tool, operation, agent, conditions }) => {
    const names = Object.entries({ tool, operation, agent_id: agent }).filter(([, listed]) => listed.length > 0);
    const params = Object.fromEntries(conditions.flatMap(({ ours }) => Object.entries(ours)));
    const match = { ...Object.fromEntries(names), ...(conditions.length > 0 && { params }) };
    return { match: Object.keys(match).length === 0 ? { any: true } : match, [effect]: true };
  });
  const { policy, findings } = loadPolicy(JSON.stringify({ rules: document }));
  if (policy === null) throw new Error(JSON.stringify(findings));
  return (action) => decide(policy, canonicalizeAction(action)).outcome;
}

function theirsOf(rules: readonly Rule[]): (action: ActionRequest) => Outcome {
  const staticPolicies = Object.fromEntries(rules.map((rule, place) => [`p${place}`, inCedar(rule)]));
  const parsed = cedar.preparsePolicySet("agreement", { staticPolicies });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed.errors));
  return ({ agent_id, tool, operation, params }) => {
    const answer = cedar.statefulIsAuthorized({
      principal: { type: "Agent", id: agent_id },
      action: { type: "Action", id: operation },
      resource: { type: "Tool", id: tool },
      context: params as Record<string, never>,
      preparsedPolicySetId: "agreement",
      entities: [],
    });
    if (answer.type !== "success") throw new Error(JSON.stringify(answer.errors));
    expect(answer.response.diagnostics.errors).toEqual([]);
    return answer.response.decision === "allow" ? "EXECUTE" : "HALT";
  };
}

function inCedar({ effect, tool, operation, agent, conditions }: Rule): string {
  const when = [
    ...among("principal", "Agent", agent),
    ...among("action", "Action", operation),
    ...among("resource", "Tool", tool),
    ...conditions.map((condition) => condition.cedar),
  ];
  const all = when.map((condition) => ` when { ${condition} }`).join("");
  return `${effect === "allow" ? "permit" : "forbid"} (principal, action, resource)${all};`;
}

function among(what: string, type: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [names.map((name) => `${what} == ${type}::${JSON.stringify(name)}`).join(" || ")];
}

function drawRule(random: Random): Rule {
  const some = (names: readonly string[]): string[] =>
    random.chance(0.5) ? [] : random.list(1, 2, () => random.pick(names));
  const fields = [...FIELDS].sort(() => random.next() - 0.5).slice(0, random.below(3));
  return {
    effect: random.chance(0.65) ? "allow" : "deny",
    tool: some(TOOLS),
    operation: some(OPERATIONS),
    agent: some(AGENTS),
    conditions: fields.map((draw) => draw(random)),
  };
}

const FIELDS: readonly ((random: Random) => Written)[] = [
  (random) => onField("amount", drawTest(random, 2, onNumber)),
  (random) => onField("branch", drawTest(random, 2, onText)),
  (random) => onField("force", onFlag(random)),
];

/** A condition on a field that is there: a missing one meets it in neither language. */
function onField(field: string, { ours, cedar: text }: { ours: JsonValue; cedar: (value: string) => string }): Written {
  const there = { all: [{ exists: true }, ours as JsonObject] };
  return { ours: { [field]: there }, cedar: `context has ${field} && (${text(`context.${field}`)})` };
}

interface Test {
  readonly ours: JsonObject;
  readonly cedar: (value: string) => string;
}

function drawTest(random: Random, depth: number, leaf: (random: Random) => Test): Test {
  if (depth === 0 || random.chance(0.5)) return leaf(random);
  const parts = random.list(1, 3, () => drawTest(random, depth - 1, leaf));
  const ours = parts.map((part) => part.ours);
  const joined = (sign: string) => (value: string) => parts.map((part) => `(${part.cedar(value)})`).join(sign);
  switch (random.pick(["all", "any", "none", "not"])) {
    case "all":
      return { ours: { all: ours }, cedar: joined(" && ") };
    case "any":
      return { ours: { any: ours }, cedar: joined(" || ") };
    case "none":
      return { ours: { none: ours }, cedar: (value) => `!(${joined(" || ")(value)})` };
    default: {
      const [first] = parts;
      if (first === undefined) throw new Error("no part was drawn");
      return { ours: { not: first.ours }, cedar: (value) => `!(${first.cedar(value)})` };
    }
  }
}

const BOUNDS = [-5, 0, 1, 100, 9_007_199_254_740_991];
const SIGNS = { gt: ">", gte: ">=", lt: "<", lte: "<=", eq: "==", ne: "!=" } as const;

function onNumber(random: Random): Test {
  if (random.chance(0.2)) {
    const listed = random.list(1, 3, () => random.pick(BOUNDS));
    return { ours: { in: listed }, cedar: (value) => `[${listed.join(", ")}].contains(${value})` };
  }
  const operator = random.pick(Object.keys(SIGNS) as (keyof typeof SIGNS)[]);
  const bound = random.pick(BOUNDS);
  return { ours: { [operator]: bound }, cedar: (value) => `${value} ${SIGNS[operator]} ${bound}` };
}

const TEXTS = ["main", "feature/a", "feature/a/b", "release*", 'a"b\\c', "", "ü"];
const GLOBS = ["feature/*", "*a*", "*", "*/b", "main", "rel*e*"];

function onText(random: Random): Test {
  const text = random.pick(TEXTS);
  switch (random.below(3)) {
    case 0:
      return { ours: { eq: text }, cedar: (value) => `${value} == ${JSON.stringify(text)}` };
    case 1: {
      const glob = random.pick(GLOBS);
      return { ours: { glob }, cedar: (value) => `${value} like ${JSON.stringify(glob)}` };
    }
    default: {
      const listed = random.list(1, 3, () => random.pick(TEXTS));
      const set = listed.map((each) => JSON.stringify(each)).join(", ");
      return { ours: { in: listed }, cedar: (value) => `[${set}].contains(${value})` };
    }
  }
}

function onFlag(random: Random): Test {
  const flag = random.chance(0.5);
  return { ours: { eq: flag }, cedar: (value) => `${value} == ${flag}` };
}

function drawAction(random: Random): ActionRequest {
  return {
    agent_id: random.pick(AGENTS),
    tool: random.pick(TOOLS),
    operation: random.pick(OPERATIONS),
    params: {
      ...(random.chance(0.7) && { amount: random.pick(BOUNDS) + random.pick([-1, 0, 0, 0]) }),
      ...(random.chance(0.7) && { branch: random.pick(TEXTS) }),
      ...(random.chance(0.7) && { force: random.chance(0.5) }),
    },
  };
}
