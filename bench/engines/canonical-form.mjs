import { canonicalizeAction } from "../../packages/core/dist/index.js";
import { ACTIONS, ACTIONS_MASK } from "./actions.mjs";

/**
 * What comes before each of our decisions on a proposed action: its canonical form and its SHA-256. No engine, and no
 * part of any ratio, because nothing that we are compared with has it.
 *
 * @returns {import("./engine.mjs").Engine}
 */
export function canonicalForm() {
  const requests = ACTIONS.map(({ agent_id, tool, operation, params }) => ({ agent_id, tool, operation, params }));
  return {
    outcomes: () => [],
    run(count) {
      let total = 0;
      for (let i = 0; i < count; i++) total += canonicalizeAction(requests[i & ACTIONS_MASK]).request_hash.length;
      return total;
    },
  };
}
