import { assertSameOutcomes, runsNow } from "../engines/engine.mjs";
import { sideBySide } from "./side-by-side.mjs";

/** How each is called here, and how it is asked: always in its fastest way. */
const BASELINES = {
  cedar: "@cedar-policy/cedar-wasm, policies parsed beforehand",
  casbin: "casbin, synchronous, first match answers",
  casl: "@casl/ability, the last rule that matches answers, so the rules the other way round",
  "json-rules": "json-rules-engine, the first rule stops it",
};

/**
 * @param {keyof typeof BASELINES} engine
 * @param {number} rules
 * @param {number} floor
 * @param {import("../engines/rules.mjs").Kind} [kind]
 * @returns {import("../report.mjs").Row}
 */
export function against(engine, rules, floor, kind = "plain") {
  const beside = kind === "mixed" ? ", with globs, patterns and expressions" : "";
  return {
    name: kind === "mixed" ? `mixed-${engine}-${rules}` : `${engine}-${rules}`,
    subject: `one decision in process, ${rules.toLocaleString("en-US")} rules${beside}`,
    baseline: BASELINES[engine],
    unit: "ns",
    ratioMeans: "how many times faster we are",
    bound: "at least",
    floor,
    aim: floor,
    async measure(effort) {
      const [ours, theirs] = [
        { engine: "faramesh", rules, kind },
        { engine, rules, kind },
      ];
      const { subject, baseline, ratio } = await sideBySide(ours, theirs, assertSameAnswers, effort);
      return { subject, baseline, ratio: 1 / ratio };
    },
  };
}

function assertSameAnswers(subject, baseline) {
  assertSameOutcomes(subject.map(runsNow), baseline.map(runsNow));
}
