import { randomUUID } from "node:crypto";
import { isInitializeRequest, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { GATEWAY_LIMITS } from "../limits.js";
import { ParkedByAgent } from "../parked-calls.js";
import { Session } from "../session.js";
import type { GatewaySettings } from "../settings.js";
import { UpstreamError, type UpstreamSpec } from "../upstream.js";

/** One connection of a 2025 client. */
interface Connection {
  readonly session: Session;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

/** Too many sessions are open, and all of them are in use. */
export class SessionsFull extends Error {
  override readonly name = "SessionsFull";
}

/**
 * The sessions of an HTTP endpoint: one for each connection of a 2025 client, and one for each agent whose client speaks
 * 2026-07-28, which has no connections. A session is its agent's alone.
 */
export class HttpSessions {
  readonly #specs: readonly UpstreamSpec[];
  readonly #settings: GatewaySettings;
  readonly #onToolsChanged: () => void;
  readonly #connections = new Map<string, Connection>();
  readonly #agents = new Map<string, Session>();
  readonly #parked = new ParkedByAgent();
  readonly #openings = new Map<string, Promise<Session>>();
  /** Sessions whose MCP servers are being connected to. */
  #opening = 0;
  #isClosed = false;

  constructor(specs: readonly UpstreamSpec[], settings: GatewaySettings, onToolsChanged: () => void) {
    this.#specs = specs;
    this.#settings = settings;
    this.#onToolsChanged = onToolsChanged;
  }

  /**
   * A request of a 2025 client.
   *
   * @throws {@link SessionsFull}; UpstreamError where an MCP server does not answer.
   */
  async serve(request: Request, body: unknown, agentId: string): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null && isInitializeRequest(body)) return this.#begin(request, agentId);
    const connection = id === null ? undefined : this.#connections.get(id);
    // A session of another agent is told from none by nobody.
    if (connection?.session.agentId !== agentId) return noSession(id !== null);
    if (!connection.session.isUsable) {
      // A client that begins anew finds the MCP server anew.
      await this.#end(connection.transport.sessionId ?? "");
      return noSession(true);
    }
    connection.session.use();
    return connection.transport.handleRequest(request);
  }

  /**
   * The session of an agent whose client has no connection.
   *
   * @throws {@link SessionsFull}; UpstreamError where an MCP server does not answer.
   */
  async ofAgent(agentId: string): Promise<Session> {
    const known = this.#agents.get(agentId);
    if (known !== undefined && !known.isUsable) await this.#endAgent(agentId, known);
    const session = this.#agents.get(agentId) ?? (await this.#openingFor(agentId));
    session.use();
    return session;
  }

  /** Opened once at a time, whichever request needs it. */
  #openingFor(agentId: string): Promise<Session> {
    const opening =
      this.#openings.get(agentId) ??
      this.#openFor(agentId).finally(() => {
        this.#openings.delete(agentId);
      });
    this.#openings.set(agentId, opening);
    return opening;
  }

  async #openFor(agentId: string): Promise<Session> {
    const session = await this.#open(agentId);
    session.onnotification = ({ method }) => {
      if (method === "notifications/tools/list_changed") this.#onToolsChanged();
    };
    this.#agents.set(agentId, session);
    return session;
  }

  async #begin(request: Request, agentId: string): Promise<Response> {
    const session = await this.#open(agentId);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      maxRequestBodySize: GATEWAY_LIMITS.clientMessageBytesMax,
      onsessioninitialized: (id) => void this.#connections.set(id, { session, transport }),
      onsessionclosed: (id) => this.#end(id),
    });
    await session.server().connect(transport);
    const answer = await transport.handleRequest(request);
    if (transport.sessionId === undefined || !this.#connections.has(transport.sessionId)) await session.close();
    return answer;
  }

  async #open(agentId: string): Promise<Session> {
    await this.closeIdle();
    if (this.#connections.size + this.#agents.size + this.#opening >= GATEWAY_LIMITS.sessionsMax) {
      throw new SessionsFull(`${GATEWAY_LIMITS.sessionsMax} sessions are open`);
    }
    const setup = { agentId, settings: this.#settings, parked: this.#parked.of(agentId) };
    this.#opening++;
    try {
      const session = await Session.open(setup, this.#specs);
      if (!this.#isClosed) return session;
      await session.close();
      throw new UpstreamError("the gateway ended");
    } finally {
      this.#opening--;
    }
  }

  /** Closes what nobody has used for a while. */
  async closeIdle(idleMs: number = GATEWAY_LIMITS.sessionIdleMs): Promise<void> {
    const connections = [...this.#connections].filter(([, { session }]) => session.idleMs >= idleMs);
    const agents = [...this.#agents].filter(([, session]) => session.idleMs >= idleMs);
    await Promise.all([
      ...connections.map(([id]) => this.#end(id)),
      ...agents.map(([agentId, session]) => this.#endAgent(agentId, session)),
    ]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.closeIdle(Number.NEGATIVE_INFINITY);
  }

  async #endAgent(agentId: string, session: Session): Promise<void> {
    if (this.#agents.get(agentId) === session) this.#agents.delete(agentId);
    await session.close();
  }

  async #end(id: string): Promise<void> {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    await connection.session.close();
    await connection.transport.close();
  }
}

/** As the protocol has it: 404 tells a client to begin anew. */
function noSession(wasNamed: boolean): Response {
  const message = wasNamed ? "Session not found" : "Bad Request: an initialize request or a session is needed";
  const body = { jsonrpc: "2.0", error: { code: wasNamed ? -32_001 : -32_000, message }, id: null };
  return Response.json(body, { status: wasNamed ? 404 : 400 });
}
