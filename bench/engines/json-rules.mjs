import { Engine } from "json-rules-engine";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/** @typedef {import("./rules.mjs").Rule} Rule */

/**
 * json-rules-engine: rules in the order of their priorities, and the first that holds stops it. It answers later, so it
 * is waited for, one action at a time.
 *
 * @param {Rule[]} rules
 * @returns {import("./engine.mjs").Engine}
 */
export function jsonRules(rules) {
  const engine = new Engine([], { allowUndefinedFacts: true });
  engine.addOperator("matches", (text, pattern) => typeof text === "string" && pattern.test(text));
  rules.forEach((rule, place) => {
    engine.addRule({ ...written(rule), priority: rules.length - place, onSuccess: () => engine.stop() });
  });
  const facts = ACTIONS.map(({ tool, operation, params }) => ({ tool, operation, ...params }));
  const isAllowed = async (at) => {
    const { events } = await engine.run(facts[at]);
    return events[0]?.type === "allow";
  };
  return {
    async outcomes() {
      const outcomes = [];
      for (const at of ACTIONS.keys()) outcomes.push((await isAllowed(at)) ? "EXECUTE" : "HALT");
      return outcomes;
    },
    async run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += (await isAllowed(i & ACTIONS_MASK)) ? 1 : 2;
      return total;
    },
  };
}

/** @param {Rule} rule */
function written({ tool, toolGlob, operation, amountAbove, when, cmdPattern, effect }) {
  const bound = when?.amountAbove ?? amountAbove;
  const all = [
    tool === undefined
      ? { fact: "tool", operator: "matches", value: new RegExp(`^${toolGlob?.replaceAll("*", ".*")}$`) }
      : { fact: "tool", operator: "equal", value: tool },
    { fact: "operation", operator: "equal", value: operation },
    ...(bound === undefined ? [] : [{ fact: "amount", operator: "greaterThan", value: bound }]),
    ...(when === undefined ? [] : [{ fact: "currency", operator: "equal", value: when.currency }]),
    ...(cmdPattern === undefined ? [] : [{ fact: "cmd", operator: "matches", value: new RegExp(cmdPattern) }]),
  ];
  return { conditions: { all }, event: { type: effect === "allow" ? "allow" : "deny" } };
}
