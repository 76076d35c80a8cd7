import { canonicalForm } from "./engines/canonical-form.mjs";
import { casbin } from "./engines/casbin.mjs";
import { cedar } from "./engines/cedar.mjs";
import { faramesh } from "./engines/faramesh.mjs";
import { ifChain } from "./engines/if-chain.mjs";
import { rulesOf } from "./engines/rules.mjs";
import { timePerDecision, warmUp } from "./stopwatch.mjs";

/** Runs one engine with one policy, as an application would, and measures it when the parent asks. */
const ENGINES = { faramesh, "if-chain": ifChain, cedar, casbin, "canonical-form": canonicalForm };

const [name, ruleCount] = process.argv.slice(2);
const engine = await ENGINES[name](rulesOf(Number(ruleCount)));

process.on("message", (asked) => {
  try {
    process.send?.(perform(asked));
  } catch (error) {
    process.send?.({ error: String(error.stack ?? error) });
  }
});
process.once("disconnect", () => process.exit());
process.send?.({ outcomes: engine.outcomes() });

/** @param {{ warmUpMs: number } | { measureMs: number }} asked */
function perform(asked) {
  if ("measureMs" in asked) return timePerDecision(engine, asked.measureMs);
  warmUp(engine, asked.warmUpMs);
  return {};
}
