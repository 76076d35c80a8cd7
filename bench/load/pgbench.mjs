import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Seconds that its clients may need to connect, before it counts as broken. */
const CONNECTING_SECONDS_MAX = 60;

/**
 * PostgreSQL's own load generator: each client runs a script again and again as prepared statements, each time in a
 * transaction of its own.
 */
export class Pgbench {
  #program;
  #database;
  #directory;
  #runs = 0;
  #connectingSeconds = 1;

  /**
   * @param {string} program
   * @param {string} url - Of the database.
   * @param {string} directory - For its scripts.
   */
  constructor(program, url, directory) {
    this.#program = program;
    this.#database = url;
    this.#directory = directory;
  }

  /**
   * @param {string} script - `:run` in it stands for the number of this run; `:count` is a client's own, and 0 at first.
   * @param {number} clients
   * @param {number} seconds
   * @returns {Promise<{ perSecond: number, answered: number }>} Transactions; those a second from when all clients were
   *   connected.
   */
  async run(script, clients, seconds) {
    const file = join(this.#directory, "pgbench.sql");
    writeFileSync(file, script);
    while (this.#connectingSeconds < CONNECTING_SECONDS_MAX) {
      const output = await this.#runFile(file, clients, seconds);
      const answered = numberIn(output, /^number of transactions actually processed: (\d+)/m);
      if (answered > 0) {
        this.#connectingSeconds = numberIn(output, /^initial connection time = ([\d.]+) ms/m) / 1000;
        return { perSecond: numberIn(output, /^tps = ([\d.]+)/m), answered };
      }
      this.#connectingSeconds *= 2;
    }
    throw new Error(`pgbench's ${clients} clients did not connect within ${CONNECTING_SECONDS_MAX} s`);
  }

  /** It counts the time for connecting, and takes whole seconds only. */
  async #runFile(file, clients, seconds) {
    const { hostname, port, username, password, pathname } = new URL(this.#database);
    const where = ["--host", hostname, "--port", port, "--username", username, pathname.slice(1)];
    const load = ["--client", String(clients), "--time", String(Math.ceil(seconds + this.#connectingSeconds))];
    const variables = ["--define", `run=${++this.#runs}`, "--define", "count=0"];
    const args = ["--no-vacuum", "--protocol", "prepared", "--file", file, ...load, ...variables, ...where];
    const { stdout } = await run(this.#program, args, { env: { ...process.env, PGPASSWORD: password } });
    return stdout;
  }
}

function numberIn(output, pattern) {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`pgbench says something else:\n${output}`);
  return Number(found);
}
