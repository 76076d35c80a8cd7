import { createMongoAbility, subject } from "@casl/ability";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/** @typedef {import("./rules.mjs").Rule} Rule */

/**
 * CASL, with the conditions of MongoDB. A glob stands on every subject, as a condition on the tool's name.
 *
 * @param {Rule[]} rules
 * @returns {import("./engine.mjs").Engine}
 */
export function casl(rules) {
  const ability = createMongoAbility(rules.map(written).reverse());
  const subjects = ACTIONS.map(({ tool, params }) => subject(tool, { ...params, tool }));
  const isAllowed = (at) => ability.can(ACTIONS[at].operation, subjects[at]);
  return {
    outcomes: () => ACTIONS.map((_, at) => (isAllowed(at) ? "EXECUTE" : "HALT")),
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += isAllowed(i & ACTIONS_MASK) ? 1 : 2;
      return total;
    },
  };
}

/** @param {Rule} rule */
function written({ tool, toolGlob, operation, amountAbove, when, cmdPattern, effect }) {
  const bound = when?.amountAbove ?? amountAbove;
  const conditions = {
    ...(toolGlob !== undefined && { tool: { $regex: new RegExp(`^${toolGlob.replaceAll("*", ".*")}$`) } }),
    ...(bound !== undefined && { amount: { $gt: bound } }),
    ...(when !== undefined && { currency: when.currency }),
    ...(cmdPattern !== undefined && { cmd: { $regex: new RegExp(cmdPattern) } }),
  };
  const isBound = Object.keys(conditions).length > 0;
  return { action: operation, subject: tool ?? "all", inverted: effect !== "allow", ...(isBound && { conditions }) };
}
