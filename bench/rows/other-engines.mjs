import { assertSameOutcomes, runsNow } from "../engines/engine.mjs";
import { sideBySide } from "./side-by-side.mjs";

/** How each is called here, and how it is asked: always in its fastest way. */
const BASELINES = {
  cedar: "@cedar-policy/cedar-wasm, policies parsed beforehand",
  casbin: "casbin, synchronous, first match answers",
};

/**
 * @param {"cedar" | "casbin"} engine
 * @param {number} rules
 * @param {number} floor
 * @returns {import("../report.mjs").Row}
 */
export function against(engine, rules, floor) {
  return {
    name: `${engine}-${rules}`,
    subject: `one decision in process, ${rules.toLocaleString("en-US")} rules`,
    baseline: BASELINES[engine],
    unit: "ns",
    ratioMeans: "how many times faster we are",
    bound: "at least",
    floor,
    aim: floor,
    async measure(effort) {
      const [ours, theirs] = [
        { engine: "faramesh", rules },
        { engine, rules },
      ];
      const { subject, baseline, ratio } = await sideBySide(ours, theirs, assertSameAnswers, effort);
      return { subject, baseline, ratio: 1 / ratio };
    },
  };
}

function assertSameAnswers(subject, baseline) {
  assertSameOutcomes(subject.map(runsNow), baseline.map(runsNow));
}
