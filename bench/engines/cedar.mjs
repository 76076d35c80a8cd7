import cedarWasm from "@cedar-policy/cedar-wasm/nodejs";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/** @typedef {import("./rules.mjs").Rule} Rule */

/** @param {Rule} rule */
function written({ tool, toolGlob, operation, amountAbove, when: both, cmdLike, effect }) {
  const resource = tool === undefined ? "resource" : `resource == Tool::"${tool}"`;
  const scope = `principal, action == Action::"${operation}", ${resource}`;
  const conditions = [
    ...(toolGlob === undefined ? [] : [`context.tool like "${toolGlob}"`]),
    ...(both === undefined ? [] : [bothMet(both)]),
    ...(amountAbove === undefined ? [] : [`context has amount && context.amount > ${amountAbove}`]),
    ...(cmdLike === undefined ? [] : [`context has cmd && (${cmdLike.map(like).join(" || ")})`]),
  ];
  const when = conditions.map((condition) => ` when { ${condition} }`).join("");
  return `${effect === "allow" ? "permit" : "forbid"} (${scope})${when};`;
}

function bothMet({ amountAbove, currency }) {
  return `context has amount && context has currency && context.amount > ${amountAbove} && context.currency == "${currency}"`;
}

/** @param {string} wildcards */
function like(wildcards) {
  return `context.cmd like "${wildcards}"`;
}

/**
 * Cedar, compiled to WebAssembly: the policies parsed once and kept, the calls put together beforehand.
 *
 * @param {Rule[]} rules
 * @returns {import("./engine.mjs").Engine}
 */
export function cedar(rules) {
  const preparsedPolicySetId = `bench-${rules.length}`;
  const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, written(rule)]));
  const parsed = cedarWasm.preparsePolicySet(preparsedPolicySetId, { staticPolicies });
  if (parsed.type !== "success") throw new Error(`Cedar refuses the policies: ${JSON.stringify(parsed.errors)}`);
  const calls = ACTIONS.map(({ agent_id, tool, operation, params }) => ({
    principal: { type: "Agent", id: agent_id },
    action: { type: "Action", id: operation },
    resource: { type: "Tool", id: tool },
    context: { ...params, tool },
    preparsedPolicySetId,
    entities: [],
  }));
  return {
    outcomes: () => calls.map((call) => outcomeOf(cedarWasm.statefulIsAuthorized(call))),
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        total += cedarWasm.statefulIsAuthorized(calls[i & ACTIONS_MASK]).response.decision.length;
      }
      return total;
    },
  };
}

/** @param {{ type: string, response?: { decision: string } }} answer */
function outcomeOf(answer) {
  if (answer.type !== "success") throw new Error(`Cedar does not decide: ${JSON.stringify(answer)}`);
  return answer.response?.decision === "allow" ? "EXECUTE" : "HALT";
}
