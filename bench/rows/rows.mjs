import { againstHand, againstOurselves } from "./decide.mjs";
import { httpDecide } from "./http-decide.mjs";
import { httpSubmit } from "./http-submit.mjs";
import { against } from "./other-engines.mjs";

/** @type {import("../report.mjs").Row[]} */
export const ROWS = [
  againstHand,
  againstOurselves,
  against("cedar", 10, 20),
  against("cedar", 1_000, 500),
  against("casbin", 10, 20),
  against("casbin", 1_000, 500),
  httpDecide,
  httpSubmit,
];
