import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADMIN_KEY, agentKey } from "./load/requests.mjs";
import { startCluster } from "./postgres.mjs";
import { Process } from "./processes.mjs";

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

/** What a measurement with processes has running and lying about. */
class Stage {
  /** @type {{ stop(): Promise<void> }[]} */
  #running = [];
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
   * @param {string[]} args - Of servers/gate.mjs, behind the admin's key.
   * @param {number | null} core - null for any.
   * @returns {Promise<Gate>}
   */
  async startGate(args, core) {
    const { process, ready } = await this.#start("servers/gate.mjs", [ADMIN_KEY, ...args], core);
    return { process, port: ready.port, key: await agentKey(ready.port) };
  }

  /**
   * @param {string} script
   * @param {string[]} args
   * @param {number | null} core
   * @returns {Promise<Server>}
   */
  async startServer(script, args, core) {
    const { process, ready } = await this.#start(script, args, core);
    return { process, port: ready.port };
  }

  /**
   * @param {number | null} core
   * @returns {Promise<(job: import("./load/generator.mjs").Job) => Promise<import("./load/generator.mjs").Seen>>}
   */
  async startGenerator(core) {
    const { process } = await this.#start("load/generator.mjs", [], core);
    return async (job) => (await process.ask(job)).seen;
  }

  /** @param {string[]} [needed] - Of PostgreSQL's programs, beside those that make a cluster. */
  async startCluster(needed = []) {
    return this.keep(await startCluster(needed));
  }

  /**
   * Stops it at the end, unless it has been stopped before.
   *
   * @template {{ stop(): Promise<void> }} T
   * @param {T} running
   * @returns {T}
   */
  keep(running) {
    this.#running.push(running);
    return running;
  }

  /** The newest first: a gate before its database. */
  async clear() {
    for (const running of this.#running.reverse()) await running.stop();
    process.off("exit", this.#removeDirectories);
    this.#removeDirectories();
  }

  async #start(script, args, core) {
    const started = await Process.start(script, args, core);
    this.keep(started.process);
    return started;
  }
}
