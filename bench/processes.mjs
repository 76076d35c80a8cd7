import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** How long a process may take to stop before it is killed. */
const STOP_MS = 5_000;

/** Where servers and the generator run, so that they do not take each other's time. */
export const SERVER_CORE = 0;
export const GENERATOR_CORE = 1;

const canPin = availableParallelism() > 1 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** Says whether processes stay on cores of their own. */
export const pinning = canPin
  ? `server pinned to core ${SERVER_CORE}, load generator to core ${GENERATOR_CORE}`
  : "not pinned: taskset or a second core is missing, so server and load generator share what there is";

/**
 * @param {Process} process - One that answers with `usage`.
 * @returns {Promise<ReturnType<typeof import("./servers/usage.mjs").usage>>}
 */
export function usageOf(process) {
  return process.ask({});
}

/** A process of ours that answers one message at a time. */
export class Process {
  #child;
  #name;

  /**
   * @param {import("node:child_process").ChildProcess} child
   * @param {string} name - For errors.
   */
  constructor(child, name) {
    this.#child = child;
    this.#name = name;
  }

  /**
   * Starts a script of this folder and waits for its first message.
   *
   * @param {string} script - From bench/.
   * @param {string[]} args
   * @param {number | null} core - null for any.
   * @param {string[]} [nodeOptions]
   * @returns {Promise<{ process: Process, ready: any }>}
   */
  static async start(script, args, core, nodeOptions = []) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const command = [process.execPath, ...nodeOptions, path, ...args];
    const [program, ...rest] = canPin && core !== null ? ["taskset", "-c", String(core), ...command] : command;
    const child = spawn(program, rest, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const started = new Process(child, [script, ...args].join(" "));
    try {
      return { process: started, ready: await started.#answer() };
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  /**
   * @param {object} message
   * @returns {Promise<any>} Its next message.
   */
  async ask(message) {
    const answer = this.#answer();
    this.#child.send(message);
    return answer;
  }

  /** Ends the process, and waits until it has ended. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async #answer() {
    const given = new AbortController();
    const { signal } = given;
    const message = once(this.#child, "message", { signal }).then(([value]) => value);
    const exit = once(this.#child, "exit", { signal }).then(([code, ended]) => {
      throw new Error(`${this.#name} ended with ${code ?? ended}`);
    });
    try {
      const value = await Promise.race([message, exit]);
      if (value.error !== undefined) throw new Error(value.error);
      return value;
    } finally {
      given.abort();
      await Promise.allSettled([message, exit]);
    }
  }
}
