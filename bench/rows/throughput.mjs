import { pinning } from "../processes.mjs";
import { alternate, median } from "../rounds.mjs";
import { CONNECTIONS } from "./http.mjs";

/** How much longer a server is warmed up than it is measured in one turn. */
const WARM_UP_TURNS = 3;

/**
 * Requests a second of two servers in turn.
 *
 * @param {(job: import("../load/generator.mjs").Job) => Promise<import("../load/generator.mjs").Seen>} generate
 * @param {{ subject: import("./http.mjs").Server, baseline: import("./http.mjs").Server, requests: string[],
 *   status: number }} sides
 * @param {import("../options.mjs").Effort} effort
 * @returns {Promise<import("../report.mjs").Measured>}
 */
export async function throughput(generate, { subject, baseline, requests, status }, effort) {
  const seen = { ours: [], theirs: [] };
  const turn = async (server, turns, seconds) => {
    const job = { port: server.port, requests, status, connections: CONNECTIONS, seconds };
    const before = await processorTime(server);
    const { perSecond, answered, busy } = await generate(job);
    turns.push({ busy, microseconds: ((await processorTime(server)) - before) / answered });
    return perSecond;
  };
  await turn(baseline, [], effort.httpSeconds * WARM_UP_TURNS);
  await turn(subject, [], effort.httpSeconds * WARM_UP_TURNS);
  const figures = await alternate(
    {
      subject: () => turn(subject, seen.ours, effort.httpSeconds),
      baseline: () => turn(baseline, seen.theirs, effort.httpSeconds),
    },
    effort.httpRounds,
  );
  return { ...figures, notes: [`${CONNECTIONS} connections; ${pinning}`, serverNote(seen), generatorNote(seen)] };
}

/** @returns {Promise<number>} Microseconds since the server's start, of all its threads, in the kernel too. */
async function processorTime({ process }) {
  const { user, system } = await process.ask({});
  return user + system;
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
