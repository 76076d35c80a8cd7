import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@faramesh/sdk";
import { startGate } from "./gate-process.mjs";
import { startPaymentApi } from "./payment-api.mjs";
import { agentTools } from "./tools.mjs";

const POLICY_FILE = fileURLToPath(new URL("policy.yaml", import.meta.url));

/** The id the agent submits under; its key is bound to it. */
export const AGENT_ID = "support-agent";

/**
 * Everything the story takes place in: a gate as a second process, a payment API, a folder, and two principals.
 *
 * @param {{ fetch?: import("@faramesh/sdk").Fetch }} [options] - A stand-in for the clients' way to the gate.
 */
export async function openWorld({ fetch } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "faramesh-demo-"));
  await mkdir(join(folder, "workspace"));
  await writeFile(join(folder, "workspace", "complaint.txt"), "Order 1017 arrived broken.\n");

  const adminKey = randomBytes(24).toString("base64url");
  const settings = { dataDir: join(folder, "gate"), policyFile: POLICY_FILE, adminKey };
  let gate = await startGate(settings);
  const { url } = gate;
  /** @param {string | null} apiKey */
  const clientWith = (apiKey) => createClient({ url, apiKey, ...(fetch && { fetch }) });
  const payments = await startPaymentApi(clientWith(null), AGENT_ID);

  /** Stops everything that was started. */
  async function close() {
    const code = await gate.stop("SIGTERM");
    await payments.close();
    await rm(folder, { recursive: true, force: true });
    assert.equal(code, 0, "the gate did not end well");
  }

  try {
    const agentKey = await createKey(url, adminKey, { name: "support", role: "agent", agents: [AGENT_ID] });
    const financeKey = await createKey(url, adminKey, { name: "finance", role: "approver" });
    return {
      folder,
      payments,
      tools: agentTools(folder, payments.url),
      agent: clientWith(agentKey),
      finance: clientWith(financeKey),
      admin: createClient({ url, apiKey: adminKey }),
      gatePid: () => gate.pid,
      close,

      /** Kills the gate without warning, and starts it again on the same data directory and port. */
      async crashGate() {
        await gate.stop("SIGKILL");
        gate = await startGate({ ...settings, port: Number(new URL(url).port) });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

/**
 * Makes a key that may do no more than its role.
 *
 * @param {string} url
 * @param {string} adminKey
 * @param {{ name: string, role: string, agents?: string[] }} wanted
 * @returns {Promise<string>}
 */
export async function createKey(url, adminKey, wanted) {
  const response = await fetch(`${url}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  assert.equal(response.status, 201, `no key for ${wanted.name}`);
  const { key } = /** @type {{ key: string }} */ (await response.json());
  return key;
}
