import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CallToolResult, Client, type ClientOptions, type Tool } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { TestGate } from "./gate.js";

const CLI = fileURLToPath(new URL("../../cli/dist/main.js", import.meta.url));
const RECORDER = fileURLToPath(new URL("./servers/recorder.mjs", import.meta.url));

/** A tool of the recorder with a `text`, a number of `bytes`, or nothing. */
export const toolOf = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  description: `Does ${name}`,
  inputSchema: { type: "object", properties: { text: { type: "string" }, bytes: { type: "number" } } },
  ...more,
});

/** The tools of the recorder. */
export const RECORDER_TOOLS = ["echo", "big", "fail", "throw", "die", "environment", "slow", "changed", "pay"];

/** How the gateway is started. */
export interface WrapSetup {
  gate: TestGate;
  /** Options of `faramesh mcp wrap`. */
  options?: string[];
  env?: Record<string, string>;
  client?: ClientOptions;
}

/** A client at `faramesh mcp wrap` around an MCP server, each in a process of its own. */
export class Wrapped {
  readonly client: Client;
  readonly dir: string;
  stderr = "";
  readonly #transport: StdioClientTransport;

  private constructor(dir: string, { gate, options = [], env = {}, client }: WrapSetup, command: string[]) {
    this.dir = dir;
    this.client = new Client({ name: "test", version: "1.0.0" }, client);
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args: [CLI, "mcp", "wrap", "--agent-id", "mcp-agent", ...options, "--", ...command],
      cwd: dir,
      env: { PATH: process.env["PATH"] ?? "", FARAMESH_URL: gate.url, FARAMESH_API_KEY: gate.agentKey, ...env },
      stderr: "pipe",
    });
    this.#transport.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
  }

  /** @param command - From the folder of the gateway. */
  static async start(setup: WrapSetup, command: (dir: string) => string[]): Promise<Wrapped> {
    const dir = newFolder();
    const wrapped = new Wrapped(dir, setup, command(dir));
    await wrapped.client.connect(wrapped.#transport);
    return wrapped;
  }

  get pid(): number {
    return this.#transport.pid ?? 0;
  }

  call(name: string, args: Record<string, unknown> = {}, options = {}): Promise<CallToolResult> {
    return this.client.callTool({ name, arguments: args }, options);
  }

  async stop(): Promise<void> {
    await this.client.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A client at the recorder behind the gate. */
export class Recorded {
  readonly wrapped: Wrapped;

  constructor(wrapped: Wrapped) {
    this.wrapped = wrapped;
  }

  static async start(setup: WrapSetup, tools: Tool[] = RECORDER_TOOLS.map((name) => toolOf(name))): Promise<Recorded> {
    const wrapped = await Wrapped.start(setup, (dir) => {
      writeFileSync(join(dir, "calls"), "");
      writeFileSync(join(dir, "tools.json"), JSON.stringify({ tools }));
      return [process.execPath, RECORDER, join(dir, "calls"), join(dir, "tools.json")];
    });
    return new Recorded(wrapped);
  }

  /** What reached the MCP server. */
  get reached(): unknown[] {
    const lines = readFileSync(join(this.wrapped.dir, "calls"), "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as unknown);
  }

  /** From now on the MCP server lists these tools. */
  define(...tools: Tool[]): void {
    writeFileSync(join(this.wrapped.dir, "tools.json"), JSON.stringify({ tools }));
  }

  call(name: string, args: Record<string, unknown> = {}, options = {}): Promise<CallToolResult> {
    return this.wrapped.call(name, args, options);
  }

  stop(): Promise<void> {
    return this.wrapped.stop();
  }
}

/** An empty folder under the system's temporary one. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "faramesh-mcp-"));
}

/** The text of a result. */
export function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
}
