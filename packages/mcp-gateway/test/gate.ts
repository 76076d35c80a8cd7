import type { Role } from "@faramesh/protocol";
import { type Client, createClient } from "@faramesh/sdk";
import { startServer } from "@faramesh/server";
import { newPlace } from "../../server/test/places.js";

const ADMIN_KEY = "test-admin-key-0123456789";

/** A real gate, and clients of it. */
export interface TestGate {
  url: string;
  admin: Client;
  adminKey: string;
  approver: Client;
  /** A key of an agent. */
  agentKey: string;
  /** Ends it for now. */
  pause(): Promise<void>;
  /** Starts it again, on the same data and port. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGate(policySource: string): Promise<TestGate> {
  const place = await newPlace("SQLite");
  const config = { ...place.config, host: "127.0.0.1", adminKey: ADMIN_KEY, policySource, logLevel: "silent" } as const;
  let server = await startServer({ ...config, port: 0 });
  const { url } = server;
  let running = true;
  return {
    url,
    admin: createClient({ url, apiKey: ADMIN_KEY }),
    adminKey: ADMIN_KEY,
    approver: createClient({ url, apiKey: await newKey(url, "approver") }),
    agentKey: await newKey(url, "agent"),
    pause: () => server.close(),
    async resume() {
      server = await startServer({ ...config, port: Number(new URL(url).port) });
    },
    async stop() {
      if (!running) return;
      running = false;
      await server.close();
      await place.remove();
    },
  };
}

async function newKey(url: string, role: Role): Promise<string> {
  const response = await fetch(`${url}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ name: role, role }),
  });
  if (response.status !== 201) throw new Error(`no key: HTTP ${response.status}`);
  return ((await response.json()) as { key: string }).key;
}
