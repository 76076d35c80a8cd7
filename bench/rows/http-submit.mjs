import { CONNECTIONS, onStage, post, requestsTo, sampleBody } from "./http.mjs";
import { throughput } from "./throughput.mjs";

const PATH = "/v1/actions";

/** Where the slowest of a hundred answers is to be at half load, in milliseconds. */
const P99_AIM_MS = 10;

/** @type {import("../report.mjs").Row} */
export const httpSubmit = {
  name: "http-submit",
  subject: "POST /v1/actions with key, policy and ledger, durable before the answer (SQLite, synchronous=FULL)",
  baseline: "node:http that parses the body and writes the same rows, one commit per event-loop turn",
  unit: "req/s",
  ratioMeans: "share of the baseline's requests a second",
  bound: "at least",
  floor: 0.5,
  aim: 0.75,
  measure: (effort) =>
    onStage(async (stage) => {
      const model = await recordOne(stage);
      const gate = await stage.startGate(stage.newDirectory());
      const baseline = await stage.startServer("servers/bare-submit.mjs", [model.dataDir, model.answer]);
      const generate = await stage.startGenerator();
      const requests = requestsTo(PATH, gate.key);
      const sides = { subject: gate, baseline, requests, status: 201 };
      const measured = await throughput(generate, sides, effort);
      const latency = await generate({
        port: gate.port,
        requests,
        status: 201,
        connections: CONNECTIONS,
        seconds: effort.latencySeconds,
        ratePerSecond: measured.subject / 2,
      });
      return { ...measured, notes: [...(measured.notes ?? []), latencyNote(latency)] };
    }),
};

/** Lets a gate record one action: its database, and what it answered, are the baseline's model. */
async function recordOne(stage) {
  const dataDir = stage.newDirectory();
  const gate = await stage.startGate(dataDir);
  const answer = await post(gate.port, PATH, gate.key, sampleBody, 201);
  await gate.process.stop();
  return { dataDir, answer };
}

/** @param {import("../load/generator.mjs").Seen} seen */
function latencyNote({ perSecond, p50Ms, p99Ms }) {
  const rate = Math.round(perSecond).toLocaleString("en-US");
  return `at half load (${rate} req/s): p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms (aim ≤ ${P99_AIM_MS} ms)`;
}
