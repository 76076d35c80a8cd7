import { post, requestsTo, sampleBody } from "../load/requests.mjs";
import { GENERATOR_CORE, SERVER_CORE } from "../processes.mjs";
import { onStage } from "../stage.mjs";
import { halfLoadNote } from "./half-load.mjs";
import { throughput } from "./throughput.mjs";

const PATH = "/v1/actions";

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
      const gate = await stage.startGate([stage.newDirectory()], SERVER_CORE);
      const baseline = await stage.startServer("servers/bare-submit.mjs", [model.dataDir, model.answer], SERVER_CORE);
      const generate = await stage.startGenerator(GENERATOR_CORE);
      const requests = requestsTo(PATH, gate.key);
      const sides = { subject: gate, baseline, requests, status: 201 };
      const measured = await throughput(generate, sides, effort);
      const asked = { port: gate.port, requests, perSecond: measured.subject };
      return { ...measured, notes: [...(measured.notes ?? []), await halfLoadNote(generate, asked, effort)] };
    }),
};

/** Lets a gate record one action: its database, and what it answered, are the baseline's model. */
async function recordOne(stage) {
  const dataDir = stage.newDirectory();
  const gate = await stage.startGate([dataDir], SERVER_CORE);
  const answer = await post(gate.port, PATH, gate.key, sampleBody, 201);
  await gate.process.stop();
  return { dataDir, answer };
}
