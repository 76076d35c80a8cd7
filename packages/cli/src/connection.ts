import { join } from "node:path";
import { type Client, createClient } from "@faramesh/sdk";
import type { Command } from "commander";
import { AdminClient } from "./admin-client.js";
import { DEFAULT_DATA_DIR, readKeyFile } from "./data-dir.js";
import { readClientEnvironment } from "./environment.js";

const DEFAULT_URL = "http://127.0.0.1:8000";
/** The key files of a data directory, the one that may do most first. */
const KEY_FILES = ["admin.key", "developer.key"] as const;

/** The options of every command that talks to a gate. */
export interface ConnectionOptions {
  url?: string;
  data?: string;
  json?: boolean;
}

/** Which gate, and the key to show it. */
export interface Connection {
  url: string;
  apiKey: string | undefined;
  /** Where the key came from, for people who wonder; null where there is none. */
  keySource: string | null;
}

/** Adds the options of {@link ConnectionOptions}. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option("--url <url>", `the gate (default: FARAMESH_URL, else ${DEFAULT_URL})`)
    .option("--data <dir>", `where to look for a key of a gate on this machine (default: ${DEFAULT_DATA_DIR})`)
    .option("--json", "print JSON");
}

/** Where the gate is: options first, then the environment. */
export function gateUrl(options: ConnectionOptions): string {
  return (options.url ?? readClientEnvironment().url ?? DEFAULT_URL).replace(/\/+$/, "");
}

/** Finds the gate and the key: options first, then the environment, then the data directory. */
export function findConnection(options: ConnectionOptions): Connection {
  const environment = readClientEnvironment();
  const url = gateUrl(options);
  if (environment.apiKey !== undefined) return { url, apiKey: environment.apiKey, keySource: "the environment" };
  return { url, ...keyFromDataDir(url, options.data ?? DEFAULT_DATA_DIR) };
}

/** The SDK's client for the gate the options name. */
export function connect(options: ConnectionOptions): Client {
  return clientOf(findConnection(options));
}

/** The SDK's client of a connection. People wait for the answer, so it is tried again only once. */
export function clientOf({ url, apiKey }: Pick<Connection, "url" | "apiKey">): Client {
  return createClient({ url, apiKey: apiKey ?? null, retries: 1 });
}

/**
 * The client of what only operators call: keys, agents, policies.
 *
 * @throws the SDK's error where the address is not one a key may be sent to.
 */
export function connectAdmin(options: ConnectionOptions): AdminClient {
  const connection = findConnection(options);
  clientOf(connection);
  return new AdminClient(connection);
}

// The key of a gate on this machine is never sent to another machine, whatever --url says.
function keyFromDataDir(url: string, dataDir: string): Omit<Connection, "url"> {
  for (const name of isLoopback(url) ? KEY_FILES : []) {
    const file = join(dataDir, name);
    const apiKey = readKeyFile(file);
    if (apiKey !== undefined) return { apiKey, keySource: file };
  }
  return { apiKey: undefined, keySource: null };
}

/** What to do where there is no key for the gate at this address. */
export function howToGiveKey(url: string): string {
  return isLoopback(url) ? "set FARAMESH_API_KEY or use --data DIR" : "set FARAMESH_API_KEY";
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
