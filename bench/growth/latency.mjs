import { ADMIN_KEY, agentKey } from "../load/requests.mjs";
import { alternate, median, percentile } from "../rounds.mjs";
import { Asker } from "./asker.mjs";
import { landmarksOf } from "./landmarks.mjs";
import { NEW_AGENT, QUESTIONS, QUIET_AGENT } from "./questions.mjs";

/** @typedef {import("./questions.mjs").Question} Question */

/** One side's answers to a question, all rounds together. @typedef {{ times: number[], rows: number, failure: string | null }} Seen */

/**
 * How long a gate on a large store takes to answer each of the questions, against one on a small store, in turn. Both
 * are asked for as many rows as both have: it is finding them that is compared, not writing them.
 *
 * @param {{ large: Side, small: Side }} sides
 * @param {import("../options.mjs").GrowthEffort} effort
 * @returns {Promise<import("../report.mjs").Measured[]>} In the order of the questions.
 */
export async function compareLatencies({ large, small }, effort) {
  const measured = [];
  for (const question of QUESTIONS) {
    const limitOf = sharedLimits(question, [large, small]);
    const [ours, theirs] = [large, small].map((side) => turnsOf(side, question, limitOf, effort));
    for (const { turn } of [theirs, ours]) await turn();
    for (const { forget } of [theirs, ours]) forget();
    const figures = await alternate({ subject: ours.turn, baseline: theirs.turn }, effort.rounds);
    measured.push({ ...figures, notes: notesOf(ours.seen, theirs.seen) });
  }
  return measured;
}

/** A gate that is asked. @typedef {Awaited<ReturnType<typeof sideOn>>} Side */

/**
 * @param {import("./served-gate.mjs").ServedGate} gate
 * @param {import("./filled-stores.mjs").FilledStore} store
 */
export async function sideOn(gate, store) {
  const askers = {
    admin: new Asker(gate.port, ADMIN_KEY),
    quiet: new Asker(gate.port, await agentKey(gate.port, [QUIET_AGENT])),
    new: new Asker(gate.port, await agentKey(gate.port, [NEW_AGENT])),
  };
  return { askers, landmarks: await landmarksOf(gate, askers.admin, store.untilMs) };
}

/**
 * @param {Side} side
 * @param {Question} question
 * @param {ReturnType<typeof sharedLimits>} limitOf
 * @param {import("../options.mjs").GrowthEffort} effort
 */
function turnsOf(side, question, limitOf, { questionsMax, questionsMs }) {
  /** @type {Seen} */
  const seen = { times: [], rows: 0, failure: null };
  let asked = 0;
  const turn = async () => {
    const times = [];
    const end = performance.now() + questionsMs;
    while (times.length < questionsMax && (times.length === 0 || performance.now() < end)) {
      const limit = await limitOf(asked);
      const answer = await ask(side, question, asked++, limit);
      if (answer.status !== 200) seen.failure = `answered ${answer.status}: ${answer.body.slice(0, 200)}`;
      times.push(answer.status === 200 ? answer.ms : Number.POSITIVE_INFINITY);
      seen.rows = rowsIn(question, answer);
    }
    seen.times.push(...times);
    return median(times);
  };
  const forget = () => {
    seen.times = [];
  };
  return { seen, turn, forget };
}

const LISTING = /^\/v1\/actions(\?|$)/;

/**
 * What to put behind a listing, so that every side answers as many rows; none of them is timed when it is found out.
 *
 * @param {Question} question
 * @param {Side[]} sides
 * @returns {(turn: number) => Promise<string>}
 */
function sharedLimits(question, sides) {
  const known = new Map();
  return async (turn) => {
    const paths = sides.map(({ landmarks }) => question.path(turn, landmarks));
    if (!LISTING.test(paths[0])) return "";
    const key = paths.join(" ");
    if (!known.has(key)) {
      const answers = await Promise.all(sides.map((side) => ask(side, question, turn, "")));
      const rows = Math.min(...answers.map((answer) => rowsIn(question, answer)));
      known.set(key, `${paths[0].includes("?") ? "&" : "?"}limit=${Math.max(1, rows)}`);
    }
    return known.get(key);
  };
}

/**
 * @param {Question} question
 * @param {string} limit - As {@link sharedLimits} gives it.
 */
function ask({ askers, landmarks }, { as = "admin", events, path }, turn, limit) {
  const asker = askers[as];
  const asked = `${path(turn, landmarks)}${limit}`;
  return events === undefined ? asker.ask(asked) : asker.stream(asked, events);
}

/** @param {Question} question */
function rowsIn({ events }, { status, body }) {
  if (events !== undefined || status !== 200) return events ?? 0;
  const answer = JSON.parse(body);
  return Array.isArray(answer) ? answer.length : 1;
}

/**
 * @param {Seen} large
 * @param {Seen} small
 */
function notesOf(large, small) {
  const p99 = ({ times }) => `${percentile(times, 99).toFixed(1)} ms`;
  const failures = [large, small].flatMap(({ failure }) => failure ?? []);
  return [
    `p99 ${p99(large)} against ${p99(small)} (${large.times.length} and ${small.times.length} answers of ${large.rows} and ${small.rows} rows)`,
    ...failures,
  ];
}
