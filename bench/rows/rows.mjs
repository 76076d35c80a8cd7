import { againstHand, againstOurselves } from "./decide.mjs";
import { growthOn } from "./growth.mjs";
import { httpDecide } from "./http-decide.mjs";
import { httpSubmit } from "./http-submit.mjs";
import { against } from "./other-engines.mjs";
import { pgSubmit } from "./pg-submit.mjs";

/** @type {import("../report.mjs").Row[]} */
const SINGLE_ROWS = [
  againstHand,
  againstOurselves,
  against("cedar", 10, 20),
  against("cedar", 1_000, 500),
  against("casbin", 10, 20),
  against("casbin", 1_000, 500),
  httpDecide,
  httpSubmit,
  pgSubmit,
];

/** @type {import("../report.mjs").Bench[]} */
export const BENCHES = [...SINGLE_ROWS.map(alone), growthOn("sqlite"), growthOn("postgres")];

/** @param {import("../report.mjs").Row} row */
function alone(row) {
  return { name: row.name, rows: [row], measure: async (effort) => [await row.measure(effort)] };
}
