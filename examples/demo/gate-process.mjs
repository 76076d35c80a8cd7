import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const LISTENING = /^listening on (http:\/\/\S+)$/;

/**
 * A gate in a process of its own.
 *
 * @typedef {object} GateProcess
 * @property {string} url
 * @property {number} pid
 * @property {(signal: NodeJS.Signals) => Promise<number | null>} stop - Sends a signal; resolves to the exit code when
 *   the process has ended.
 */

/**
 * Starts `faramesh serve`; resolves when it listens.
 *
 * @param {{ dataDir: string, policyFile: string, adminKey: string, port?: number }} settings - Port 0 picks a free one.
 * @returns {Promise<GateProcess>}
 */
export async function startGate({ dataDir, policyFile, adminKey, port = 0 }) {
  const args = ["serve", "--data", dataDir, "--host", "127.0.0.1", "--port", String(port), "--policy", policyFile];
  const child = spawn(process.execPath, [COMMAND, ...args, "--log-level", "warn"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FARAMESH_TOKEN: adminKey },
  });
  const ended = once(child, "exit");
  return {
    url: await listening(child, ended),
    pid: child.pid ?? 0,
    async stop(signal) {
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {Promise<unknown[]>} ended
 * @returns {Promise<string>} The URL that the process prints.
 */
async function listening(child, ended) {
  if (child.stdout === null) throw new Error("the gate's output is not piped");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  const url = LISTENING.exec(String(line))?.[1];
  if (url === undefined) throw new Error(`the gate did not start (it said: ${String(line)})`);
  return url;
}
