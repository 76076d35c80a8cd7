import { newEnforcer, newModelFromString } from "casbin";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/** @typedef {import("./rules.mjs").Rule} Rule */

/** First match answers, as in ours. Conditions are columns and functions: faster than casbin's `eval` of rule text. */
const MODEL = `
[request_definition]
r = tool, operation, params

[policy_definition]
p = tool, operation, amount, currency, cmd, eft

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = isTool(r.tool, p.tool) && r.operation == p.operation && isAbove(r.params, p.amount) && isIn(r.params, p.currency) && isLike(r.params, p.cmd)
`;

/**
 * casbin, asked through its synchronous call.
 *
 * @param {Rule[]} rules
 * @returns {Promise<import("./engine.mjs").Engine>}
 */
export async function casbin(rules) {
  const enforcer = await newEnforcer(newModelFromString(MODEL));
  const patterns = new Map(rules.map(({ cmdPattern = "" }) => [cmdPattern, new RegExp(cmdPattern)]));
  await enforcer.addFunction("isAbove", (params, amount) => amount === "" || params.amount > Number(amount));
  await enforcer.addFunction("isIn", (params, currency) => currency === "" || params.currency === currency);
  const globs = new Map(
    rules.flatMap(({ toolGlob }) => (toolGlob === undefined ? [] : [[toolGlob, globOf(toolGlob)]])),
  );
  await enforcer.addFunction("isTool", (tool, wanted) => tool === wanted || globs.get(wanted)?.test(tool) === true);
  await enforcer.addFunction("isLike", (params, cmd) => cmd === "" || patterns.get(cmd).test(params.cmd));
  await enforcer.addPolicies(rules.map(written));
  return {
    outcomes: () => ACTIONS.map((action) => (isAllowed(enforcer, action) ? "EXECUTE" : "HALT")),
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += isAllowed(enforcer, ACTIONS[i & ACTIONS_MASK]) ? 1 : 2;
      return total;
    },
  };
}

function isAllowed(enforcer, { tool, operation, params }) {
  return enforcer.enforceSync(tool, operation, params);
}

/** @param {string} glob */
function globOf(glob) {
  return new RegExp(`^${glob.replaceAll("*", ".*")}$`);
}

/** @param {Rule} rule */
function written({ tool, toolGlob, operation, amountAbove = "", when, cmdPattern = "", effect }) {
  const bound = String(when?.amountAbove ?? amountAbove);
  return [tool ?? toolGlob, operation, bound, when?.currency ?? "", cmdPattern, effect === "allow" ? "allow" : "deny"];
}
