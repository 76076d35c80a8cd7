import { post, requestsTo, sampleBody } from "../load/requests.mjs";
import { GENERATOR_CORE, SERVER_CORE } from "../processes.mjs";
import { onStage } from "../stage.mjs";
import { throughput } from "./throughput.mjs";

const PATH = "/v1/gate/decide";

/** @type {import("../report.mjs").Row} */
export const httpDecide = {
  name: "http-decide",
  subject: "POST /v1/gate/decide with an agent's key",
  baseline: "node:http that parses the body and answers as many bytes, without a key",
  unit: "req/s",
  ratioMeans: "share of the baseline's requests a second",
  bound: "at least",
  floor: 0.6,
  aim: 0.8,
  measure: (effort) =>
    onStage(async (stage) => {
      const gate = await stage.startGate([stage.newDirectory()], SERVER_CORE);
      const answer = await post(gate.port, PATH, gate.key, sampleBody, 200);
      const baseline = await stage.startServer("servers/bare-decide.mjs", [answer], SERVER_CORE);
      const generate = await stage.startGenerator(GENERATOR_CORE);
      const requests = requestsTo(PATH, gate.key);
      return throughput(generate, { subject: gate, baseline, requests, status: 200 }, effort);
    }),
};
