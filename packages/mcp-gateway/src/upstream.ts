import { isForbiddenKey } from "@faramesh/protocol";
import {
  Client,
  type Notification,
  type Progress,
  type RequestMethod,
  SdkHttpError,
  type ServerCapabilities,
  StreamableHTTPClientTransport,
  type Tool,
  type Transport,
} from "@modelcontextprotocol/client";
import { GATEWAY_LIMITS } from "./limits.js";
import { VERSION } from "./version.js";

/** An MCP server behind the gateway, and how to reach it. */
export interface UpstreamSpec {
  /** What its pins are kept under. Chosen by the operator, never by the server itself. */
  readonly name: string;
  /** Comes before the names of its tools and prompts. */
  readonly prefix: string;
  readonly transport: () => Transport;
  /** Asks first whether it speaks 2026-07-28; without, it is met as 2025 servers are. */
  readonly probe: boolean;
}

/** How one call of a tool goes on. */
export interface UpstreamCall {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onprogress: ((progress: Progress) => void) | undefined;
}

/** The MCP server cannot be used. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code = "upstream_failed";
}

/** Milliseconds that an MCP server is given to end its session. */
const END_MS_MAX = 2_000;
/** How MCP servers over HTTP say that they do not know the session any more: as the protocol has it, and as many do. */
const SESSION_LOST: ReadonlySet<number> = new Set([404, 400]);
const TOOL_NAME = /^[A-Za-z0-9_./-]{1,128}$/;

/**
 * A connection to an MCP server. It is told of no client capability: what it might ask of the client's model or person
 * (sampling, elicitation, roots) would go around the gate.
 */
export class Upstream {
  readonly name: string;
  readonly prefix: string;
  /** Told of everything the server notifies of. */
  onnotification: (notification: Notification) => void = () => {};
  /** Told once, when the connection is gone. */
  onclose: () => void = () => {};
  readonly #client: Client;
  #isOpen = true;

  private constructor({ name, prefix }: UpstreamSpec, client: Client) {
    this.name = name;
    this.prefix = prefix;
    this.#client = client;
    client.fallbackNotificationHandler = async (notification) => this.onnotification(notification);
    client.onclose = () => this.#lost();
  }

  /**
   * @param signal - Gives up when it is aborted.
   * @throws {@link UpstreamError} where there is no MCP server.
   */
  static async connect(spec: UpstreamSpec, signal?: AbortSignal): Promise<Upstream> {
    const client = new Client(
      { name: "faramesh", version: VERSION },
      {
        capabilities: {},
        inputRequired: { autoFulfill: false },
        versionNegotiation: { mode: spec.probe ? "auto" : "legacy" },
      },
    );
    const upstream = new Upstream(spec, client);
    try {
      await client.connect(spec.transport(), { ...(signal && { signal }) });
      return upstream;
    } catch (error) {
      await client.close().catch(() => {});
      throw new UpstreamError(`the MCP server ${spec.name} does not answer: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Whether a call could reach it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get capabilities(): ServerCapabilities {
    return this.#client.getServerCapabilities() ?? {};
  }

  /**
   * Its tools as they are now.
   *
   * @returns Those that can be called, and the names of those that cannot because of their name.
   * @throws {@link UpstreamError} for more than is looked at, or for one name twice.
   */
  async tools(): Promise<{ tools: Tool[]; refused: string[] }> {
    const { tools } = await this.#asked(this.#client.listTools(undefined, { cacheMode: "refresh" }));
    if (tools.length > GATEWAY_LIMITS.toolsMax || bytesOf(tools) > GATEWAY_LIMITS.toolBytesMax) {
      throw new UpstreamError(`the MCP server ${this.name} lists more tools than are looked at`);
    }
    const names = tools.map((tool) => tool.name);
    if (new Set(names).size < names.length) throw new UpstreamError(`the MCP server ${this.name} lists a tool twice`);
    const isUsable = (name: string) => TOOL_NAME.test(name) && !isForbiddenKey(name);
    return {
      tools: tools.filter((tool) => isUsable(tool.name)),
      refused: names.filter((name) => !isUsable(name)),
    };
  }

  /** Calls a tool: only ever from the executor of an action that was claimed. */
  call(tool: Tool, args: Record<string, unknown>, { signal, timeoutMs, onprogress }: UpstreamCall) {
    const options = { signal, timeout: timeoutMs, maxTotalTimeout: timeoutMs, ...(onprogress && { onprogress }) };
    return this.#asked(this.#client.callTool({ name: tool.name, arguments: args }, options));
  }

  /** Any other request of the protocol, as the client sent it. */
  request(method: RequestMethod, params: object | undefined, signal: AbortSignal): Promise<object> {
    const request = { method, ...(params && { params: { ...params } }) };
    return this.#asked(this.#client.request(request as { method: "ping" }, { signal }));
  }

  /** Ends the session at the server, where it keeps one, and the connection. */
  async close(): Promise<void> {
    const { transport } = this.#client;
    if (transport instanceof StreamableHTTPClientTransport && this.#isOpen) {
      const ended = transport.terminateSession().catch(() => {});
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, END_MS_MAX).unref())]);
    }
    await this.#client.close();
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const hasSession = this.#client.transport?.sessionId !== undefined;
      if (hasSession && error instanceof SdkHttpError && SESSION_LOST.has(error.status)) this.#lost();
      throw error;
    }
  }

  #lost(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onclose();
  }
}

/** What went wrong, in a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
