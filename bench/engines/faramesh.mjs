import { decide, loadPolicy } from "../../packages/core/dist/index.js";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/** @typedef {import("./rules.mjs").Rule} Rule */

/**
 * The rules as a policy document. One rule a line, because a policy has at most 1 MB.
 *
 * @param {Rule[]} rules
 */
export function policySource(rules) {
  return `{"version":1,"name":"bench","rules":[\n${rules.map((rule) => JSON.stringify(written(rule))).join(",\n")}\n]}`;
}

/** @param {Rule} rule */
function written({ id, tool, toolGlob, operation, amountAbove, when, cmdPattern, effect }) {
  const params = {
    ...(amountAbove !== undefined && { amount: { gt: amountAbove } }),
    ...(cmdPattern !== undefined && { cmd: { pattern: cmdPattern } }),
  };
  const match = { tool: tool ?? toolGlob, operation, ...(Object.keys(params).length > 0 && { params }) };
  const expression = when && `params.amount > ${when.amountAbove} && params.currency == "${when.currency}"`;
  return { id, match, ...(expression !== undefined && { when: expression }), [effect]: true };
}

/**
 * Our own engine.
 *
 * @param {Rule[]} rules
 * @returns {import("./engine.mjs").Engine}
 */
export function faramesh(rules) {
  const { policy, findings } = loadPolicy(policySource(rules));
  if (policy === null) throw new Error(`the policy does not load: ${JSON.stringify(findings.slice(0, 3))}`);
  return {
    outcomes: () => ACTIONS.map((action) => decide(policy, action).outcome),
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += decide(policy, ACTIONS[i & ACTIONS_MASK]).outcome.length;
      return total;
    },
  };
}
