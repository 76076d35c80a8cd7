import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * The agent's tools. They really do what they say, and none of them knows of the gate.
 *
 * @param {string} folder - Where commands run and files are written.
 * @param {string} paymentUrl
 */
export function agentTools(folder, paymentUrl) {
  return {
    /** @param {{ cmd: string }} params */
    async shell({ cmd }) {
      const { stdout } = await run("sh", ["-c", cmd], { cwd: folder });
      return stdout;
    },

    /** @param {{ url: string }} params */
    async httpGet({ url }) {
      const response = await fetch(url, { redirect: "error" });
      return response.json();
    },

    /** @param {{ path: string, text: string }} params */
    async writeFile({ path, text }) {
      await writeFile(join(folder, path), text);
      return { bytes: Buffer.byteLength(text) };
    },

    /**
     * @param {object} params
     * @param {string} permit - Shows the payment API that the gate let this call through.
     */
    async refund(params, permit) {
      const response = await fetch(`${paymentUrl}/refunds`, {
        method: "POST",
        headers: { "faramesh-permit": permit },
        body: JSON.stringify(params),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
