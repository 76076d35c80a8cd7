import { CONNECTIONS } from "../load/requests.mjs";
import { pinning, usageOf } from "../processes.mjs";
import { alternate, median } from "../rounds.mjs";

/** How much longer a server is warmed up than it is measured in one turn. */
const WARM_UP_TURNS = 3;

/** @typedef {(job: import("../load/generator.mjs").Job) => Promise<import("../load/generator.mjs").Seen>} Generate */

/**
 * Requests a second of two servers in turn.
 *
 * @param {Generate} generate
 * @param {{ subject: import("../stage.mjs").Server, baseline: import("../stage.mjs").Server, requests: string[],
 *   status: number }} sides
 * @param {import("../options.mjs").Effort} effort
 * @returns {Promise<import("../report.mjs").Measured>}
 */
export async function throughput(generate, { subject, baseline, requests, status }, effort) {
  const turn = (server) => (seconds) => {
    const job = { ports: [server.port], requests, statuses: [status], connections: CONNECTIONS, seconds };
    return watched(generate, job, server);
  };
  const { figures, seen } = await inTurns({ subject: turn(subject), baseline: turn(baseline) }, effort);
  return { ...figures, notes: [`${CONNECTIONS} connections; ${pinning}`, serverNote(seen), generatorNote(seen)] };
}

/**
 * @param {Generate} generate
 * @param {import("../load/generator.mjs").Job} job
 * @param {import("../stage.mjs").Server} server
 * @returns {Promise<{ perSecond: number, answered: number, busy: number, microseconds: number }>} Microseconds of the
 *   server's processor a request.
 */
export async function watched(generate, job, server) {
  const before = await usageOf(server.process);
  const { perSecond, answered, busy } = await generate(job);
  const after = await usageOf(server.process);
  const microseconds = (after.processorMicroseconds - before.processorMicroseconds) / answered;
  return { perSecond, answered, busy, microseconds };
}

/**
 * Warms up two sides and measures them in turn.
 *
 * @template {{ perSecond: number }} Turn
 * @template {{ perSecond: number }} BaselineTurn
 * @param {object} sides
 * @param {(seconds: number) => Promise<Turn>} sides.subject
 * @param {(seconds: number) => Promise<BaselineTurn>} sides.baseline
 * @param {import("../options.mjs").Effort} effort
 * @returns {Promise<{ figures: Awaited<ReturnType<typeof alternate>>, seen: { ours: Turn[], theirs: BaselineTurn[] } }>}
 */
export async function inTurns({ subject, baseline }, effort) {
  await baseline(effort.httpSeconds * WARM_UP_TURNS);
  await subject(effort.httpSeconds * WARM_UP_TURNS);
  const seen = { ours: [], theirs: [] };
  const noted = (side, turns) => async () => {
    const turn = await side(effort.httpSeconds);
    turns.push(turn);
    return turn.perSecond;
  };
  const sides = { subject: noted(subject, seen.ours), baseline: noted(baseline, seen.theirs) };
  return { figures: await alternate(sides, effort.httpRounds), seen };
}

/** What waiting for the disk or for other programs leaves out: steadier than requests a second on a busy machine. */
function serverNote({ ours, theirs }) {
  const [own, other] = [ours, theirs].map((turns) => median(turns.map((turn) => turn.microseconds)));
  return `processor time of the server: ${own.toFixed(1)} µs a request for us, ${other.toFixed(1)} µs for the baseline`;
}

/** A generator that is busy all the time would measure itself. */
function generatorNote({ ours, theirs }) {
  const [own, other] = [ours, theirs].map((turns) => Math.round(median(turns.map((turn) => turn.busy)) * 100));
  return `the generator needed ${own} % of its core for us, ${other} % for the baseline`;
}
