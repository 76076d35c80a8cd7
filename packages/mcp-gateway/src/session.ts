import { randomBytes, randomUUID } from "node:crypto";
import type { Notification } from "@modelcontextprotocol/client";
import {
  type ClientCapabilities,
  createRequestStateCodec,
  Server,
  type ServerCapabilities,
} from "@modelcontextprotocol/server";
import { Catalog } from "./catalog.js";
import { HeldAnswers, type HeldState } from "./held-answers.js";
import type { ParkedCalls } from "./parked-calls.js";
import { forwardedCapabilities, forwardRequests } from "./pass-through.js";
import type { GatewaySettings } from "./settings.js";
import { ToolCalls } from "./tool-call.js";
import { messageOf, Upstream, type UpstreamSpec } from "./upstream.js";
import { VERSION } from "./version.js";

/** Sealed state is of use for as long as its call could be resumed. */
const STATE_TTL_SECONDS = 86_400;

/** What a session is opened with. */
export interface SessionSetup {
  readonly agentId: string;
  readonly settings: GatewaySettings;
  /** The agent's held calls, which the session goes on with. */
  readonly parked: ParkedCalls;
}

/** One agent at its MCP servers: connections, the tools they have, and its calls. */
export class Session {
  readonly agentId: string;
  /** Told of what the MCP servers notify of, beside the client. */
  onnotification: (notification: Notification) => void = () => {};
  readonly #id = randomUUID();
  readonly #settings: GatewaySettings;
  readonly #upstreams: readonly Upstream[];
  readonly #catalog: Catalog;
  readonly #codec = createRequestStateCodec<HeldState>({
    key: randomBytes(32),
    ttlSeconds: STATE_TTL_SECONDS,
    bind: ({ mcpReq }) => [this.#id, this.agentId, mcpReq.method].join("\0"),
  });
  readonly #calls: ToolCalls;
  #latestServer: Server | null = null;
  #usedAtMs = Date.now();

  private constructor({ agentId, settings, parked }: SessionSetup, upstreams: readonly Upstream[]) {
    this.agentId = agentId;
    this.#settings = settings;
    this.#upstreams = upstreams;
    this.#catalog = new Catalog(upstreams, settings);
    const connection = (): ClientCapabilities | undefined => this.#latestServer?.getClientCapabilities();
    this.#calls = new ToolCalls({
      agentId,
      settings,
      parked,
      held: new HeldAnswers(this.#codec, settings.askToWait, connection),
      find: (name) => this.#catalog.find(name),
    });
    for (const upstream of upstreams) upstream.onnotification = (notification) => this.#heard(notification);
  }

  /** @throws UpstreamError where an MCP server does not answer. */
  static async open(setup: SessionSetup, specs: readonly UpstreamSpec[], signal?: AbortSignal): Promise<Session> {
    const connected = await Promise.allSettled(specs.map((spec) => Upstream.connect(spec, signal)));
    const upstreams = connected.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const failed = connected.find((each) => each.status === "rejected");
    if (failed === undefined) return new Session(setup, upstreams);
    await Promise.allSettled(upstreams.map((upstream) => upstream.close()));
    throw failed.reason;
  }

  /** Whether every MCP server is still there. */
  get isUsable(): boolean {
    return this.#upstreams.every((upstream) => upstream.isOpen);
  }

  /** It is not idle. */
  use(): void {
    this.#usedAtMs = Date.now();
  }

  /** Milliseconds since it was last used; 0 while it is. */
  get idleMs(): number {
    return this.#calls.isBusy ? 0 : Date.now() - this.#usedAtMs;
  }

  /** Resolves when the connection to some MCP server is gone. */
  upstreamGone(): Promise<string> {
    return new Promise((resolve) => {
      for (const upstream of this.#upstreams) {
        upstream.onclose = () => resolve(upstream.name);
        if (!upstream.isOpen) resolve(upstream.name);
      }
    });
  }

  /** A server for one client connection, or for one request of a client without any. */
  server(): Server {
    const [only] = this.#upstreams.length === 1 ? this.#upstreams : [];
    const capabilities: ServerCapabilities = {
      tools: { listChanged: true },
      ...(this.#settings.toolsOnly ? {} : forwardedCapabilities(this.#upstreams)),
    };
    const server = new Server(
      { name: only === undefined ? "faramesh" : `faramesh-${only.name}`, version: VERSION },
      { capabilities, requestState: { verify: (state, context) => this.#codec.verify(state, context) } },
    );
    server.setRequestHandler("tools/list", async () => ({ tools: await this.#catalog.list(this.agentId) }));
    server.setRequestHandler("tools/call", ({ params }, context) =>
      this.#calls.call(params.name, params.arguments ?? {}, context),
    );
    if (!this.#settings.toolsOnly) forwardRequests(server, this.#upstreams, this.#settings.results);
    this.#latestServer = server;
    return server;
  }

  /** Ends the calls that are under way, then the connections. What can still be answered is. */
  async close(): Promise<void> {
    await this.#calls.end();
    await Promise.allSettled(this.#upstreams.map((upstream) => upstream.close()));
  }

  #heard(notification: Notification): void {
    if (notification.method === "notifications/tools/list_changed") this.#catalog.forget();
    this.onnotification(notification);
    const isForwarded = notification.method === "notifications/tools/list_changed" || !this.#settings.toolsOnly;
    if (!isForwarded || this.#latestServer?.transport === undefined) return;
    this.#forward(this.#latestServer, notification).catch((error: unknown) => {
      this.#settings.log(`a ${notification.method} was not passed on: ${messageOf(error)}`);
    });
  }

  async #forward(server: Server, notification: Notification): Promise<void> {
    const { method, params } = notification;
    await server.notification({ method, ...(params && { params: this.#settings.results.plain(params) }) });
  }
}
