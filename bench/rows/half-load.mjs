import { CONNECTIONS } from "../load/requests.mjs";

/** Where the slowest of a hundred answers is to be at half load, in milliseconds. */
const P99_AIM_MS = 10;

/**
 * How long a submission takes when requests fall due at half the measured rate.
 *
 * @param {(job: import("../load/generator.mjs").Job) => Promise<import("../load/generator.mjs").Seen>} generate
 * @param {{ port: number, requests: string[], perSecond: number }} asked - `perSecond` is what was measured at full load.
 * @param {import("../options.mjs").Effort} effort
 * @returns {Promise<string>} A note.
 */
export async function halfLoadNote(generate, { port, requests, perSecond }, effort) {
  const seen = await generate({
    ports: [port],
    requests,
    statuses: [201],
    connections: CONNECTIONS,
    seconds: effort.latencySeconds,
    ratePerSecond: perSecond / 2,
  });
  const rate = Math.round(seen.perSecond).toLocaleString("en-US");
  const [p50, p99] = [seen.p50Ms, seen.p99Ms].map((ms) => ms.toFixed(1));
  return `at half load (${rate} req/s): p50 ${p50} ms, p99 ${p99} ms (aim ≤ ${P99_AIM_MS} ms)`;
}
