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
 */

/** @type {Effort} */
const FULL = { rounds: 15, sliceMs: 150, warmUpMs: 1_000, httpRounds: 7, httpSeconds: 2, latencySeconds: 5 };

/** @type {Effort} */
const QUICK = { rounds: 5, sliceMs: 40, warmUpMs: 200, httpRounds: 3, httpSeconds: 0.7, latencySeconds: 1 };

export const USAGE = `usage: npm run bench -- [--row NAME]… [--quick] [--floor NAME=RATIO]… [--list]

  --row NAME           measure this row only (may be repeated)
  --quick              shorter and fewer rounds: to see that it works, not to quote
  --floor NAME=RATIO   another floor for a row
  --list               name the rows

exit code: 0 every floor is met, 1 a floor is missed or a row could not be measured, 2 wrong usage`;

/** What was asked for cannot be understood. */
export class UsageError extends Error {}

/**
 * @param {string[]} args
 * @param {string[]} known - The names of the rows there are.
 * @returns {{ rows: string[], effort: Effort, floors: Map<string, number>, list: boolean, help: boolean }}
 * @throws UsageError
 */
export function readOptions(args, known) {
  const values = parsed(args);
  const floors = new Map(values.floor.map((text) => floorOf(text)));
  for (const name of [...values.row, ...floors.keys()]) {
    if (!known.includes(name)) throw new UsageError(`there is no row ${name}; there are ${known.join(", ")}`);
  }
  return {
    rows: values.row.length === 0 ? known : known.filter((name) => values.row.includes(name)),
    effort: values.quick ? QUICK : FULL,
    floors,
    list: values.list,
    help: values.help,
  };
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
