import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

const DESTRUCTIVE = /\brm\s+-[a-z]*[rf]/;

/** The ten rules as somebody would write them by hand, without checks of types that never differ. */
function decideByHand({ tool, operation, params }) {
  if (tool === "shell" && operation === "exec" && DESTRUCTIVE.test(params.cmd)) {
    return { outcome: "HALT", rule_id: "destructive-shell" };
  }
  if (tool === "shell" && operation === "exec") return { outcome: "EXECUTE", rule_id: "shell" };
  if (tool === "stripe" && operation === "refund" && params.amount > 1000) {
    return { outcome: "ABSTAIN", rule_id: "large-refund" };
  }
  if (tool === "stripe" && operation === "refund") return { outcome: "EXECUTE", rule_id: "refund" };
  if (tool === "fs" && operation === "read") return { outcome: "EXECUTE", rule_id: "read-file" };
  if (tool === "fs" && operation === "write") return { outcome: "ABSTAIN", rule_id: "write-file" };
  if (tool === "fs" && operation === "delete") return { outcome: "HALT", rule_id: "delete-file" };
  if (tool === "http" && operation === "get") return { outcome: "EXECUTE", rule_id: "http-get" };
  if (tool === "http" && operation === "post") return { outcome: "ABSTAIN", rule_id: "http-post" };
  if (tool === "mail" && operation === "send") return { outcome: "EXECUTE", rule_id: "send-mail" };
  return { outcome: "HALT", rule_id: null };
}

/**
 * @returns {import("./engine.mjs").Engine}
 */
export function ifChain() {
  return {
    outcomes: () => ACTIONS.map((action) => decideByHand(action).outcome),
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += decideByHand(ACTIONS[i & ACTIONS_MASK]).outcome.length;
      return total;
    },
  };
}
