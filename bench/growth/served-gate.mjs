import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ADMIN_KEY } from "../load/requests.mjs";
import { Process } from "../processes.mjs";

const FARAMESH = fileURLToPath(new URL("../../packages/cli/bin/faramesh.js", import.meta.url));
const WITH_PARENT = new URL("../servers/with-parent.mjs", import.meta.url).href;

/** How long a gate may take to be ready. */
const READY_MS_MAX = 120_000;
const POLL_MS = 2;

/**
 * Where the gate finds its store.
 *
 * @typedef {object} Place
 * @property {string[]} args - For `faramesh serve`.
 * @property {Record<string, string>} env
 */

/** A gate as it is run: `faramesh serve`, in a process of its own. */
export class ServedGate {
  process;
  port;
  /** From its start to its first `/ready` that says so. */
  readyMs;

  /**
   * @param {Process} process
   * @param {number} port
   * @param {number} readyMs
   */
  constructor(process, port, readyMs) {
    this.process = process;
    this.port = port;
    this.readyMs = readyMs;
  }

  /**
   * @param {Place} place
   * @param {string} policyFile
   * @returns {Promise<ServedGate>} When it is ready.
   */
  static async start({ args, env }, policyFile) {
    const command = ["--import", WITH_PARENT, FARAMESH, "serve", "--port", "0", "--policy", policyFile, ...args];
    const settings = { ...process.env, ...env, FARAMESH_TOKEN: ADMIN_KEY, FARAMESH_LOG_LEVEL: "silent" };
    const startedAt = performance.now();
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit", "ipc"], env: settings });
    const started = new Process(child, "faramesh serve");
    try {
      const port = await portOf(child.stdout);
      await untilReady(port, startedAt + READY_MS_MAX);
      return new ServedGate(started, port, performance.now() - startedAt);
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  async stop() {
    await this.process.stop();
  }
}

async function portOf(stdout) {
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return Number(new URL(url).port);
  }
  throw new Error("faramesh serve ended before it listened");
}

async function untilReady(port, deadline) {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { headers });
    const state = await response.text();
    if (response.status === 200) return;
    if (performance.now() > deadline) throw new Error(`faramesh serve is not ready in time: ${state}`);
    await pause(POLL_MS);
  }
}
