import { Process } from "../processes.mjs";
import { alternate, median } from "../rounds.mjs";

/** @typedef {import("../options.mjs").Effort} Effort */
/** @typedef {{ process: Process, outcomes: string[] }} Running */

/** With its calls of WebAssembly inlined, V8 11.3 (Node 20) now and then aborts in Cedar: "unreachable code". */
const NODE_OPTIONS = { cedar: ["--no-turbo-inline-js-wasm-calls"] };

/**
 * Starts an engine in a process of its own: two engines in one process would change each other's compiled code.
 *
 * @param {string} engine - A name that engine-process.mjs knows.
 * @param {number} rules
 * @param {import("../engines/rules.mjs").Kind} [kind]
 * @returns {Promise<Running>}
 */
async function start(engine, rules, kind = "plain") {
  const { process, ready } = await Process.start(
    "engine-process.mjs",
    [engine, String(rules), kind],
    null,
    NODE_OPTIONS[engine],
  );
  return { process, outcomes: ready.outcomes };
}

/**
 * Two engines in turn.
 *
 * @param {{ engine: string, rules: number, kind?: import("../engines/rules.mjs").Kind }} subject
 * @param {{ engine: string, rules: number, kind?: import("../engines/rules.mjs").Kind }} baseline
 * @param {(subject: string[], baseline: string[]) => void} compare - Throws when they do not decide alike.
 * @param {Effort} effort
 * @returns {Promise<{ subject: number, baseline: number, ratio: number, p50: number }>} Nanoseconds of processor time;
 *   `p50` is elapsed time in the subject's median batch.
 */
export async function sideBySide(subject, baseline, compare, effort) {
  const ours = await start(subject.engine, subject.rules, subject.kind);
  const theirs = await start(baseline.engine, baseline.rules, baseline.kind);
  try {
    compare(ours.outcomes, theirs.outcomes);
    for (const { process } of [theirs, ours]) await process.ask({ warmUpMs: effort.warmUpMs });
    const p50s = [];
    const turn = async ({ process }, seen) => {
      const { cpuNs, p50Ns } = await process.ask({ measureMs: effort.sliceMs });
      seen(p50Ns);
      return cpuNs;
    };
    const sides = { subject: () => turn(ours, (p50) => p50s.push(p50)), baseline: () => turn(theirs, () => {}) };
    return { ...(await alternate(sides, effort.rounds)), p50: median(p50s) };
  } finally {
    await Promise.all([ours.process.stop(), theirs.process.stop()]);
  }
}

/**
 * @param {string} engine
 * @param {Effort} effort
 * @returns {Promise<number>} Nanoseconds, of the median batch.
 */
export async function alone(engine, effort) {
  const { process } = await start(engine, 10);
  try {
    await process.ask({ warmUpMs: effort.warmUpMs });
    return (await process.ask({ measureMs: effort.sliceMs })).p50Ns;
  } finally {
    await process.stop();
  }
}
