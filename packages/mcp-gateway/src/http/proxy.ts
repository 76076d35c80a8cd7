import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  type McpHttpHandler,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { GATEWAY_LIMITS } from "../limits.js";
import type { GatewaySettings } from "../settings.js";
import { messageOf, UpstreamError, type UpstreamSpec } from "../upstream.js";
import {
  type Authenticate,
  authenticator,
  type Caller,
  type Identity,
  metadataUrl,
  resourceMetadata,
} from "./identity.js";
import { requestHead, sendResponse, wholeRequest } from "./node-http.js";
import { HttpSessions, SessionsFull } from "./sessions.js";

const HOST = "127.0.0.1";
const PATH = "/mcp";
const SWEEP_MS = 60_000;

/** What an HTTP endpoint offers, and to whom. */
export interface ProxyOptions {
  upstreams: readonly UpstreamSpec[];
  identity: Identity;
  /** 0 picks a free one. */
  port: number;
  /** The URL clients know the endpoint by, where something before it has another. */
  publicUrl?: string | undefined;
  /** Names in `Host` and `Origin` that are let in beside those of this machine. */
  allowedHosts: readonly string[];
  settings: GatewaySettings;
}

/** An endpoint that is served. */
export interface RunningProxy {
  /** Where it listens: on loopback. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves MCP servers behind one streamable HTTP endpoint on loopback, to clients of 2025 and of 2026-07-28.
 *
 * @throws UpstreamError for more MCP servers than are looked at; what listening on the port throws.
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  if (options.upstreams.length > GATEWAY_LIMITS.upstreamsMax) {
    throw new UpstreamError(`at most ${GATEWAY_LIMITS.upstreamsMax} MCP servers are served behind one endpoint`);
  }
  const server = createServer();
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = GATEWAY_LIMITS.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, HOST, resolve);
  });
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}${PATH}`;
  const endpoint = new Endpoint(options, new URL(options.publicUrl ?? url));
  server.on("request", (incoming, response) => void endpoint.answer(incoming, response));
  const sweep = setInterval(() => void endpoint.sweep(), SWEEP_MS);
  return {
    url,
    async close() {
      clearInterval(sweep);
      server.close();
      await endpoint.close();
      server.closeAllConnections();
    },
  };
}

class Endpoint {
  readonly #options: ProxyOptions;
  readonly #hosts: string[];
  readonly #authenticate: Authenticate;
  readonly #metadataPaths: readonly string[];
  readonly #metadata: object | null;
  readonly #sessions: HttpSessions;
  readonly #modern: McpHttpHandler;

  constructor(options: ProxyOptions, known: URL) {
    this.#options = options;
    this.#hosts = [...localhostAllowedHostnames(), ...options.allowedHosts];
    this.#authenticate = authenticator(options.identity, known);
    // At the root, too: not every client puts the path of the endpoint behind it.
    this.#metadataPaths = [metadataUrl(known).pathname, metadataUrl(new URL("/", known)).pathname.replace(/\/$/, "")];
    this.#metadata = resourceMetadata(options.identity, known);
    const { log } = options.settings;
    this.#modern = createMcpHandler(
      async ({ authInfo }) => (await this.#sessions.ofAgent(authInfo?.clientId ?? "")).server(),
      {
        legacy: "reject",
        maxRequestBodySize: GATEWAY_LIMITS.clientMessageBytesMax,
        maxSubscriptions: GATEWAY_LIMITS.sessionsMax,
        onerror: (error) => log(messageOf(error)),
      },
    );
    this.#sessions = new HttpSessions(options.upstreams, options.settings, () => this.#modern.notify.toolsChanged());
  }

  async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await sendResponse(await this.#answerTo(incoming, response), response);
    } catch (error) {
      this.#options.settings.log(messageOf(error));
      if (!response.headersSent) response.writeHead(500);
      response.end();
    }
  }

  sweep(): Promise<void> {
    return this.#sessions.closeIdle();
  }

  async close(): Promise<void> {
    await this.#sessions.close();
    await this.#modern.close();
  }

  /** Who asks is known before anything of the body is read. */
  async #answerTo(incoming: IncomingMessage, response: ServerResponse): Promise<Response> {
    const head = requestHead(incoming);
    const rebound = hostHeaderValidationResponse(head, this.#hosts) ?? originValidationResponse(head, this.#hosts);
    if (rebound !== undefined) return rebound;
    const { pathname } = new URL(head.url);
    if (this.#metadata !== null && this.#metadataPaths.includes(pathname)) return Response.json(this.#metadata);
    if (pathname !== PATH) return refused(404, "there is nothing here");
    const caller = await this.#authenticate(head);
    if (caller instanceof Response) return caller;
    const request = await wholeRequest(head, incoming, response);
    return request === null ? refused(413, "the message is too large") : this.#serve(request, caller);
  }

  async #serve(request: Request, caller: Caller): Promise<Response> {
    try {
      if (!(await isLegacyRequest(request))) return await this.#modern.fetch(request, { authInfo: caller.auth });
      return await this.#sessions.serve(request, await bodyOf(request), caller.agentId);
    } catch (error) {
      if (error instanceof SessionsFull) return refused(503, error.message);
      if (error instanceof UpstreamError) return refused(502, error.message);
      throw error;
    }
  }
}

/** What was sent, for a look at it; undefined where it is not JSON, which the transport refuses. */
async function bodyOf(request: Request): Promise<unknown> {
  if (request.method !== "POST") return undefined;
  try {
    return JSON.parse(await request.clone().text()) as unknown;
  } catch {
    return undefined;
  }
}

function refused(status: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }, { status });
}
