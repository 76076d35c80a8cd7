import { canonicalForm } from "./engines/canonical-form.mjs";
import { casbin } from "./engines/casbin.mjs";
import { casl } from "./engines/casl.mjs";
import { cedar } from "./engines/cedar.mjs";
import { faramesh } from "./engines/faramesh.mjs";
import { ifChain } from "./engines/if-chain.mjs";
import { jsonRules } from "./engines/json-rules.mjs";
import { rulesOf } from "./engines/rules.mjs";
import { timePerDecision, warmUp } from "./stopwatch.mjs";

/** Runs one engine with one policy, as an application would, and measures it when the parent asks. */
const ENGINES = {
  faramesh,
  "if-chain": ifChain,
  cedar,
  casbin,
  casl,
  "json-rules": jsonRules,
  "canonical-form": canonicalForm,
};

const [name, ruleCount, kind] = process.argv.slice(2);
const engine = await ENGINES[name](rulesOf(Number(ruleCount), kind));

process.on("message", (asked) => {
  perform(asked).then(
    (figures) => process.send?.(figures),
    (error) => process.send?.({ error: String(error.stack ?? error) }),
  );
});
process.once("disconnect", () => process.exit());
process.send?.({ outcomes: await engine.outcomes() });

/** @param {{ warmUpMs: number } | { measureMs: number }} asked */
async function perform(asked) {
  if ("measureMs" in asked) return timePerDecision(engine, asked.measureMs);
  await warmUp(engine, asked.warmUpMs);
  return {};
}
