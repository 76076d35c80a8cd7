import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROCESS = fileURLToPath(new URL("postgres-keeper-process.mjs", import.meta.url));

/** The process that runs a cluster's programs for us, and ends them and removes the cluster's folder when we are gone. */
export class Keeper {
  /** @type {number | null} Of the program that is running. */
  pid = null;
  #process;
  #ended = (_how) => {};

  /**
   * @param {string} home - The cluster's folder.
   * @param {string} log - A file for what the programs say.
   * @param {{ uid?: number, gid?: number }} account - Whom they run as.
   */
  constructor(home, log, { uid, gid }) {
    // Detached: what is sent to our whole group, as Ctrl-C is, ends us, and by that the cluster, but never its keeper alone.
    const options = { detached: true, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] };
    this.#process = fork(PROCESS, [JSON.stringify({ home, log, account: { uid, gid } })], options);
    this.#process.on("message", ({ started, exited }) => (started ? this.#started(started) : this.#exited(exited)));
    this.#process.on("exit", () => this.#exited("its keeper has ended"));
    this.#letGo();
  }

  /**
   * @param {string[]} command
   * @returns {Promise<string>} When it has ended: how.
   */
  run(command) {
    if (!this.#process.connected) throw new Error("this cluster has been stopped");
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.#process.send({ run: command });
    });
  }

  /** Sends SIGKILL to the program that runs and to its children. */
  kill() {
    this.#process.send({});
  }

  async stop() {
    if (!this.#process.connected) return;
    const gone = once(this.#process, "exit");
    this.#process.disconnect();
    await this.held(gone);
  }

  /**
   * Waits for what it does. At other times it does not keep us running: it ends when we do.
   *
   * @template Result
   * @param {Promise<Result>} work
   * @returns {Promise<Result>}
   */
  async held(work) {
    this.#process.ref();
    this.#process.channel?.ref();
    try {
      return await work;
    } finally {
      this.#letGo();
    }
  }

  #letGo() {
    this.#process.unref();
    this.#process.channel?.unref();
  }

  #started(pid) {
    this.pid = pid;
  }

  #exited(how) {
    this.pid = null;
    this.#ended(how);
  }
}
