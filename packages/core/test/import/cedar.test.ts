import cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { ActionRequest, JsonObject, JsonValue, Outcome } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction, decide, importCedar, importedText, loadPolicy, type Policy } from "../../src/index.js";
import { firstSeed, pairsToTest, Random } from "../agreement/random.js";

const PAIRS = pairsToTest(5_000);
const ACTIONS_EACH = 20;
const SEED = firstSeed();

function imported(texts: readonly string[]): ReturnType<typeof importCedar> {
  return importCedar(
    texts.map((text, place) => {
      const read = cedar.policyToJson(text);
      if (read.type !== "success") throw new Error(`${text}: ${JSON.stringify(read.errors)}`);
      return { id: `p${place}`, json: read.json as unknown as JsonObject };
    }),
  );
}

function policyOf(texts: readonly string[]): Policy {
  const { policy, findings } = loadPolicy(importedText(imported(texts), "a test"));
  if (policy === null) throw new Error(JSON.stringify(findings));
  return policy;
}

function askCedar(texts: readonly string[]): (action: ActionRequest) => Outcome {
  const staticPolicies = Object.fromEntries(texts.map((text, place) => [`p${place}`, text]));
  return ({ agent_id, tool, operation, params }) => {
    const answer = cedar.isAuthorized({
      principal: { type: "Agent", id: agent_id },
      action: { type: "Action", id: operation },
      resource: { type: "Tool", id: tool },
      context: params as Record<string, never>,
      policies: { staticPolicies },
      entities: [],
    });
    if (answer.type !== "success") throw new Error(JSON.stringify(answer.errors));
    return answer.response.decision === "allow" ? "EXECUTE" : "HALT";
  };
}

const outcome = (texts: readonly string[], params: JsonObject): Outcome =>
  decide(policyOf(texts), canonicalizeAction({ agent_id: "a", tool: "t", operation: "o", params })).outcome;

describe("policies of Cedar, imported,", () => {
  it(`never let through what Cedar does not, on ${PAIRS} random pairs, seed ${SEED}`, { timeout: 3_600_000 }, () => {
    const told = { same: 0, stricter: 0, runs: 0 };
    for (let seed = SEED; (seed - SEED) * ACTIONS_EACH < PAIRS; seed++) {
      const random = new Random(seed);
      const texts = random.list(1, 5, () => drawPolicy(random));
      const [policy, theirs] = [policyOf(texts), askCedar(texts)];
      for (let turn = 0; turn < ACTIONS_EACH; turn++) {
        const action = drawAction(random);
        const [mine, its] = [decide(policy, canonicalizeAction(action)).outcome, theirs(action)];
        if (mine === "EXECUTE" && its !== "EXECUTE")
          throw new Error(`looser: ${JSON.stringify({ seed, action, texts })}`);
        told[mine === its ? "same" : "stricter"]++;
        if (mine === "EXECUTE") told.runs++;
      }
    }
    expect(told.same).toBeGreaterThan(PAIRS * 0.8);
    expect(told.runs).toBeGreaterThan(PAIRS / 50);
  });

  it("put forbids first, in whatever order they come", () => {
    const texts = [
      "permit(principal, action, resource);",
      "forbid(principal, action, resource) when { context.x == 1 };",
    ];
    expect([outcome(texts, { x: 2 }), outcome(texts, { x: 1 })]).toEqual(["EXECUTE", "HALT"]);
  });

  it("trap: an error on the left is an error of the whole, not something that the right side mends", () => {
    const texts = ["permit(principal, action, resource) when { context.missing == 1 || true };"];
    expect(outcome(texts, {})).not.toBe("EXECUTE");
    expect(outcome(texts, { missing: 2 })).toBe("EXECUTE");
  });

  it.each([
    'permit(principal, action, resource in Group::"g");',
    'permit(principal, action, resource) when { principal.role == "x" };',
    "permit(principal, action, resource) when { context.a + 1 == 2 };",
    "permit(principal, action, resource) when { [1, 2].containsAll(context.a) };",
    'permit(principal == Agent::"a*", action, resource);',
  ])("leave out a permit that cannot be said, and say so: %s", (text) => {
    const { policy, notes } = imported([text]);
    expect([policy?.["rules"], notes.map(({ kind }) => kind)]).toEqual([[], ["stricter"]]);
  });

  it("forbid without a condition that cannot be said", () => {
    const { policy } = imported(['forbid(principal, action == Action::"o", resource) when { principal.role == "x" };']);
    expect(policy?.["rules"]).toMatchObject([{ match: { operation: ["o"] }, deny: true }]);
  });
});

const FIELDS = ["a", "s", "flag", "odd name", "in"];

function drawPolicy(random: Random): string {
  const scope = [
    random.chance(0.3) ? `principal == Agent::"${random.pick(["a", "b"])}"` : "principal",
    random.chance(0.3) ? `action in [Action::"o", Action::"p"]` : "action",
    random.chance(0.3) ? `resource == Tool::"${random.pick(["t", "u"])}"` : "resource",
  ].join(", ");
  const conditions = random.list(0, 2, () => `${random.pick(["when", "unless"])} { ${drawTruth(random, 2)} }`);
  return `${random.chance(0.7) ? "permit" : "forbid"}(${scope}) ${conditions.join(" ")};`;
}

function drawTruth(random: Random, depth: number): string {
  if (depth > 0 && random.chance(0.6)) {
    const [left, right] = [drawTruth(random, depth - 1), drawTruth(random, depth - 1)];
    return random.pick([
      `(${left} && ${right})`,
      `(${left} || ${right})`,
      `!(${left})`,
      `(if ${left} then ${right} else true)`,
    ]);
  }
  const field = random.pick(FIELDS);
  const name = `context[${JSON.stringify(field)}]`;
  const value = drawLiteral(random);
  return random.pick([
    `context has ${JSON.stringify(field)}`,
    `${name} ${random.pick(["==", "!="])} ${value}`,
    `${name} ${random.pick(["<", "<=", ">", ">="])} ${random.below(4)}`,
    `[${value}, ${drawLiteral(random)}].contains(${name})`,
    `${name} like "${random.pick(["a*", "*", "*b", "a*b", "x"])}"`,
    `(context has ${JSON.stringify(field)} && ${name} == ${value})`,
    String(random.chance(0.5)),
  ]);
}

function drawLiteral(random: Random): string {
  return random.pick(["0", "1", "2", "true", "false", '"a"', '"ab"', '"1"', '""']);
}

function drawAction(random: Random): ActionRequest {
  const params: JsonObject = {};
  for (const field of FIELDS) {
    if (random.chance(0.7)) params[field] = random.pick<JsonValue>([0, 1, 2, true, false, "a", "ab", "1", ""]);
  }
  return {
    agent_id: random.pick(["a", "b", "c"]),
    tool: random.pick(["t", "u"]),
    operation: random.pick(["o", "p", "q"]),
    params,
  };
}
