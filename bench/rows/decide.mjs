import { assertSameOutcomes } from "../engines/engine.mjs";
import { alone, sideBySide } from "./side-by-side.mjs";

/** Where the median decision is to be, in nanoseconds. */
const P50_AIM_NS = 300;

const TEN_RULES = { engine: "faramesh", rules: 10 };

/** @type {import("../report.mjs").Row} */
export const againstHand = {
  name: "decide-10",
  subject: "one decision in process, 10 rules",
  baseline: "the same rules as hand-written if statements",
  unit: "ns",
  ratioMeans: "times the hand-written time",
  bound: "at most",
  floor: 10,
  aim: 4,
  async measure(effort) {
    const byHand = { engine: "if-chain", rules: 10 };
    const { p50, ...figures } = await sideBySide(TEN_RULES, byHand, assertSameOutcomes, effort);
    const canonicalNs = Math.round(await alone("canonical-form", effort));
    return {
      ...figures,
      notes: [
        `p50 ${Math.round(p50)} ns a decision (aim ≤ ${P50_AIM_NS} ns)`,
        `for scale: giving an action its canonical form and its SHA-256, before the decision, takes ${canonicalNs} ns`,
      ],
    };
  },
};

/** @type {import("../report.mjs").Row} */
export const againstOurselves = {
  name: "decide-10000",
  subject: "one decision in process, 10,000 rules",
  baseline: "ourselves with 10 rules",
  unit: "ns",
  ratioMeans: "times the time with 10 rules",
  bound: "at most",
  floor: 1.5,
  aim: 1.2,
  async measure(effort) {
    const tenThousand = { engine: "faramesh", rules: 10_000 };
    const { p50, ...figures } = await sideBySide(tenThousand, TEN_RULES, assertSameOutcomes, effort);
    return { ...figures, notes: [`p50 ${Math.round(p50)} ns a decision`] };
  },
};
