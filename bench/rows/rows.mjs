import { activation } from "./activation.mjs";
import { againstHand, againstOurselves } from "./decide.mjs";
import { growthOn } from "./growth.mjs";
import { httpDecide } from "./http-decide.mjs";
import { httpSubmit } from "./http-submit.mjs";
import { against } from "./other-engines.mjs";
import { pgSubmit } from "./pg-submit.mjs";

/** Ahead of each, at every size. @type {import("../report.mjs").Row[]} */
const MIXED_ROWS = /** @type {const} */ (["cedar", "casbin", "casl", "json-rules"]).flatMap((engine) =>
  [10, 1_000, 10_000].map((rules) => against(engine, rules, 1, "mixed")),
);

/** @type {import("../report.mjs").Row[]} */
const SINGLE_ROWS = [
  againstHand,
  againstOurselves,
  against("cedar", 10, 20),
  against("cedar", 1_000, 500),
  against("casbin", 10, 20),
  against("casbin", 1_000, 500),
  ...MIXED_ROWS,
  httpDecide,
  activation,
  httpSubmit,
  pgSubmit,
];

/** @type {import("../report.mjs").Bench[]} */
export const BENCHES = [...SINGLE_ROWS.map(alone), growthOn("sqlite"), growthOn("postgres")];

/** @param {import("../report.mjs").Row} row */
function alone(row) {
  return { name: row.name, rows: [row], measure: async (effort) => [await row.measure(effort)] };
}
