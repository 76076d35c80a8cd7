import { parseArgs } from "node:util";

/**
 * How long and how often things are measured.
 *
 * @typedef {object} Effort
 * @property {number} rounds
 * @property {number} sliceMs - One side's turn in a round, in process.
 * @property {number} warmUpMs
 * @property {number} httpRounds
 * @property {number} httpSeconds - One side's turn in a round, over HTTP.
 * @property {number} latencySeconds
 * @property {GrowthEffort} growth
 */

/**
 * How large stores become, and how often they are asked.
 *
 * @typedef {object} GrowthEffort
 * @property {number} small - Actions in the store that a large one is compared with when it is asked.
 * @property {number} middle - The same for memory.
 * @property {number} large
 * @property {number} rounds
 * @property {number} questionsMax - Asked of one store in one turn,
 * @property {number} questionsMs - and for how long at the most.
 * @property {number} starts
 * @property {number} loads - How often a server is started and loaded for its memory,
 * @property {number} loadRequests - and with how many requests.
 */

/** @type {Effort} */
const FULL = {
  ...{ rounds: 15, sliceMs: 150, warmUpMs: 1_000 },
  ...{ httpRounds: 7, httpSeconds: 2, latencySeconds: 5 },
  growth: {
    ...{ small: 1_000, middle: 10_000, large: 1_000_000 },
    ...{ rounds: 5, questionsMax: 60, questionsMs: 1_500, starts: 7, loads: 3, loadRequests: 10_000 },
  },
};

/** @type {Effort} */
const QUICK = {
  ...{ rounds: 5, sliceMs: 40, warmUpMs: 200 },
  ...{ httpRounds: 3, httpSeconds: 0.7, latencySeconds: 1 },
  growth: {
    ...{ small: 150, middle: 150, large: 300 },
    ...{ rounds: 1, questionsMax: 1, questionsMs: 200, starts: 1, loads: 1, loadRequests: 100 },
  },
};

export const USAGE = `usage: npm run bench -- [--row NAME]… [--quick] [--floor NAME=RATIO]… [--list]

  --row NAME           measure this one only (may be repeated); some take long, and are measured only so
  --quick              shorter and fewer rounds: to see that it works, not to quote
  --floor NAME=RATIO   another floor for a row, or for all rows that are measured together
  --list               name what there is

exit code: 0 every floor is met, 1 a floor is missed or a row could not be measured, 2 wrong usage`;

/** What was asked for cannot be understood. */
export class UsageError extends Error {}

/**
 * @param {string[]} args
 * @param {import("./report.mjs").Bench[]} known - What there is.
 * @returns {{ benches: import("./report.mjs").Bench[], effort: Effort, floors: Map<string, number>, list: boolean, help: boolean }}
 * @throws UsageError
 */
export function readOptions(args, known) {
  const { row: named, floor, quick, list, help } = parsed(args);
  const floors = new Map(floor.map((text) => floorOf(text)));
  assertKnown(named, known);
  assertKnown(
    floors.keys(),
    known.flatMap((bench) => [bench, ...bench.rows]),
  );
  const isMeant = ({ name, takes }) => (named.length === 0 ? takes === undefined : named.includes(name));
  return { benches: known.filter(isMeant), effort: quick ? QUICK : FULL, floors, list, help };
}

/**
 * @param {Iterable<string>} names
 * @param {{ name: string }[]} known
 */
function assertKnown(names, known) {
  const there = known.map(({ name }) => name);
  for (const name of names) {
    if (!there.includes(name)) throw new UsageError(`there is no row ${name}; there are ${there.join(", ")}`);
  }
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({
      args,
      options: {
        row: { type: "string", multiple: true, default: [] },
        floor: { type: "string", multiple: true, default: [] },
        quick: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/**
 * @param {string} text
 * @returns {[string, number]}
 */
function floorOf(text) {
  const [name, value] = text.split("=");
  const ratio = Number(value);
  if (value === undefined || !Number.isFinite(ratio) || ratio <= 0) {
    throw new UsageError(`--floor takes NAME=RATIO, not ${text}`);
  }
  return [name, ratio];
}
