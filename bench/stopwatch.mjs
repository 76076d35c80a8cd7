import { percentile } from "./rounds.mjs";

/** @typedef {import("./engines/engine.mjs").Engine} Engine */

/** Short enough that most batches meet no interruption, long enough that reading the clock costs nothing. */
const BATCH_NS = 50_000;

/** What engines returned: kept, so that their work cannot be optimised away. */
const seen = { total: 0 };

/**
 * Lets the JIT compiler finish with an engine.
 *
 * @param {Engine} engine
 * @param {number} ms
 */
export async function warmUp(engine, ms) {
  const end = performance.now() + ms;
  while (performance.now() < end) await timed(engine, 16);
}

/**
 * Decides for a while.
 *
 * @param {Engine} engine
 * @param {number} ms
 * @returns {Promise<{ cpuNs: number, p50Ns: number }>} Per decision: processor time of all threads of this process, garbage
 *   collection included and waiting for a processor left out; and elapsed time in the median batch.
 */
export async function timePerDecision(engine, ms) {
  const size = await batchSize(engine);
  const batches = [];
  const cpu = process.cpuUsage();
  const end = performance.now() + ms;
  while (performance.now() < end) batches.push((await timed(engine, size)) / size);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuNs: ((user + system) * 1000) / (batches.length * size), p50Ns: percentile(batches, 50) };
}

/** @param {Engine} engine */
async function batchSize(engine) {
  let size = 1;
  while ((await timed(engine, size)) < BATCH_NS && size < 1 << 20) size *= 2;
  return size;
}

/**
 * @param {Engine} engine
 * @param {number} count
 * @returns {Promise<number>} Nanoseconds.
 */
async function timed(engine, count) {
  const started = process.hrtime.bigint();
  const total = engine.run(count);
  // Only an engine that answers later is waited for.
  seen.total += typeof total === "number" ? total : await total;
  return Number(process.hrtime.bigint() - started);
}
