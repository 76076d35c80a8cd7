import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, type ClientOptions, StreamableHTTPClientTransport, type Tool } from "@modelcontextprotocol/client";
import type { TestGate } from "./gate.js";
import { type RunningProcess, startNode } from "./processes.js";
import { newFolder, RECORDER_TOOLS, toolOf } from "./wrapped.js";

const CLI = fileURLToPath(new URL("../../cli/dist/main.js", import.meta.url));
const RECORDER = fileURLToPath(new URL("./servers/http-recorder.mjs", import.meta.url));

/** The recorder over HTTP, in a process of its own. */
export class HttpRecorder {
  readonly url: string;
  readonly #dir: string;
  readonly #process: RunningProcess;

  private constructor(url: string, dir: string, process: RunningProcess) {
    this.url = url;
    this.#dir = dir;
    this.#process = process;
  }

  static async start(tools: Tool[] = RECORDER_TOOLS.map((name) => toolOf(name))): Promise<HttpRecorder> {
    const dir = newFolder();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "calls"), "");
    writeFileSync(join(dir, "tools.json"), JSON.stringify({ tools }));
    const args = [RECORDER, join(dir, "calls"), join(dir, "tools.json")];
    const { process, match } = await startNode(args, {}, /listening on (\S+)/);
    return new HttpRecorder(match[1] ?? "", dir, process);
  }

  /** What reached the MCP server. */
  get reached(): unknown[] {
    return this.#lines.filter((line) => !("authorization" in line));
  }

  /** The `Authorization` headers that it was sent. */
  get authorizations(): unknown[] {
    return this.#lines.flatMap((line) => ("authorization" in line ? [line.authorization] : []));
  }

  get #lines(): { authorization?: string }[] {
    const lines = readFileSync(join(this.#dir, "calls"), "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as { authorization?: string });
  }

  define(...tools: Tool[]): void {
    writeFileSync(join(this.#dir, "tools.json"), JSON.stringify({ tools }));
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** `faramesh mcp proxy`, in a process of its own. */
export class Proxied {
  readonly url: string;
  readonly dir: string;
  readonly process: RunningProcess;

  private constructor(url: string, dir: string, process: RunningProcess) {
    this.url = url;
    this.dir = dir;
    this.process = process;
  }

  static async start(
    gate: TestGate,
    options: string[],
    env: Record<string, string> = {},
    dir: string = newFolder(),
  ): Promise<Proxied> {
    const { process, match } = await startNode(
      [CLI, "mcp", "proxy", "--port", "0", ...options],
      { cwd: dir, env: { FARAMESH_URL: gate.url, FARAMESH_API_KEY: gate.agentKey, ...env } },
      /^listening on (\S+)$/m,
    );
    return new Proxied(match[1] ?? "", dir, process);
  }

  async client(token?: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client({ name: "test", version: "1.0.0" }, options);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(this.url), { requestInit: { headers } }));
    return client;
  }

  /** A request that no MCP client would send. */
  post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The first message of a 2025 client. */
export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};
