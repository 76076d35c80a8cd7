import type { Role } from "@faramesh/protocol";
import { startServer } from "@faramesh/server";
import { newPlace, type StoreName } from "../../server/test/places.js";
import { type Client, createClient } from "../src/index.js";

const ADMIN_KEY = "test-admin-key-0123456789";

/** The real server on a real store that nobody else uses. */
export interface RunningGate {
  url: string;
  admin: Client;
  /** A client with a new key of this role. */
  clientAs(role: Role, name?: string): Promise<Client>;
  /** Stops the server and starts it again on the same data and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGate(store: StoreName, policySource: string): Promise<RunningGate> {
  const place = await newPlace(store);
  const start = (port: number) =>
    startServer({ ...place.config, host: "127.0.0.1", port, adminKey: ADMIN_KEY, policySource, logLevel: "silent" });
  let server = await start(0);
  const { url } = server;
  return {
    url,
    admin: createClient({ url, apiKey: ADMIN_KEY }),
    clientAs: async (role, name = role) => createClient({ url, apiKey: await newKey(url, role, name) }),
    restart: async () => {
      await server.close();
      server = await start(Number(new URL(url).port));
    },
    stop: async () => {
      await server.close();
      await place.remove();
    },
  };
}

async function newKey(url: string, role: Role, name: string): Promise<string> {
  const response = await fetch(`${url}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ name, role }),
  });
  if (response.status !== 201) throw new Error(`no key: HTTP ${response.status}`);
  return ((await response.json()) as { key: string }).key;
}
