import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GENERATOR_CORE, Process, SERVER_CORE } from "../processes.mjs";

/** Connections that ask at once. */
export const CONNECTIONS = 64;

const ADMIN_KEY = "fm_bench_admin_key";

/** What the agent proposes again and again: the same rule answers, other amounts and charges each time. */
const BODIES = Array.from({ length: 256 }, (_, number) =>
  JSON.stringify({
    agent_id: "billing-agent",
    tool: "stripe",
    operation: "refund",
    params: {
      amount: 100 + number,
      currency: "EUR",
      charge: `ch_3Nf${1000 + number}`,
      reason: "requested_by_customer",
    },
    context: { env: "prod", run: "nightly-2481" },
  }),
);

/** @typedef {{ process: Process, port: number }} Server */

/**
 * A running gate, with a key of its own for an agent.
 *
 * @typedef {Server & { key: string }} Gate
 */

/**
 * Gives `work` a place for data and a way to start processes, and leaves neither behind.
 *
 * @template T
 * @param {(stage: Stage) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function onStage(work) {
  const stage = new Stage();
  try {
    return await work(stage);
  } finally {
    await stage.clear();
  }
}

/** What a row over HTTP has running and lying about. */
class Stage {
  #processes = [];
  #directories = [];
  #removeDirectories = () => {
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  };

  constructor() {
    // For a bench that is interrupted; its servers end by themselves when it is gone.
    process.once("exit", this.#removeDirectories);
  }

  newDirectory() {
    const directory = mkdtempSync(join(tmpdir(), "faramesh-bench-"));
    this.#directories.push(directory);
    return directory;
  }

  /**
   * @param {string} dataDir
   * @returns {Promise<Gate>}
   */
  async startGate(dataDir) {
    const { process, ready } = await this.#start("servers/gate.mjs", [dataDir, ADMIN_KEY], SERVER_CORE);
    return { process, port: ready.port, key: await agentKey(ready.port) };
  }

  /**
   * @param {string} script
   * @param {string[]} args
   * @returns {Promise<Server>}
   */
  async startServer(script, args) {
    const { process, ready } = await this.#start(script, args, SERVER_CORE);
    return { process, port: ready.port };
  }

  /**
   * @returns {Promise<(job: import("../load/generator.mjs").Job) => Promise<import("../load/generator.mjs").Seen>>}
   */
  async startGenerator() {
    const { process } = await this.#start("load/generator.mjs", [], GENERATOR_CORE);
    return async (job) => (await process.ask(job)).seen;
  }

  async clear() {
    await Promise.all(this.#processes.map((process) => process.stop()));
    process.off("exit", this.#removeDirectories);
    this.#removeDirectories();
  }

  async #start(script, args, core) {
    const started = await Process.start(script, args, core);
    this.#processes.push(started.process);
    return started;
  }
}

/** A key that agents use: it is looked up in the store, unlike the one from the configuration. */
async function agentKey(port) {
  const answer = await post(port, "/v1/api-keys", ADMIN_KEY, JSON.stringify({ name: "bench", role: "agent" }), 201);
  return JSON.parse(answer).key;
}

/**
 * One request and its answer, as it is.
 *
 * @param {number} port
 * @param {string} path
 * @param {string} key
 * @param {string} body
 * @param {number} status - What it must be answered with.
 * @returns {Promise<string>}
 */
export async function post(port, path, key, body, status) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== status) throw new Error(`POST ${path} is answered ${response.status}: ${text}`);
  return text;
}

/** A body as the generator sends it, to see what the gate answers. */
export const sampleBody = BODIES[0];

/**
 * The requests as they go over the wire. Both sides get the same, the key included.
 *
 * @param {string} path
 * @param {string} key
 */
export function requestsTo(path, key) {
  return BODIES.map((body) =>
    [
      `POST ${path} HTTP/1.1`,
      "host: 127.0.0.1",
      `authorization: Bearer ${key}`,
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}
