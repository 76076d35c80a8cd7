import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { GATEWAY_LIMITS } from "./limits.js";
import { ParkedCalls } from "./parked-calls.js";
import { Session, type SessionSetup } from "./session.js";
import type { GatewaySettings } from "./settings.js";
import { messageOf, type UpstreamSpec } from "./upstream.js";

/** What is wrapped, and for whom. */
export interface WrapOptions {
  /** What the MCP server's pins are kept under. */
  name: string;
  agentId: string;
  command: string;
  args: readonly string[];
  /** What the MCP server finds in its environment. */
  env: Readonly<Record<string, string>>;
  /** Asks first whether the MCP server speaks 2026-07-28, which starts it once more. */
  probe: boolean;
  settings: GatewaySettings;
  /** Resolves when the gateway is to end. */
  stopped: Promise<void>;
}

/** Why a wrapped server is over. */
export type WrapEnd = "client" | "upstream" | "stopped";

/**
 * Starts an MCP server, and stands between it and the client on stdin and stdout until one of them is gone.
 *
 * @returns Which was gone first. The MCP server's process has ended by then.
 * @throws UpstreamError where the command is no MCP server.
 */
export async function wrapStdio(options: WrapOptions): Promise<WrapEnd> {
  const { name, agentId, command, args, env, probe, settings, stopped } = options;
  const transport = () =>
    new StdioClientTransport({
      command,
      args: [...args],
      env: { ...env },
      stderr: "inherit",
      maxBufferSize: GATEWAY_LIMITS.serverMessageBytesMax,
    });
  const session = await opened(
    { agentId, settings, parked: new ParkedCalls() },
    { name, prefix: "", transport, probe },
    stopped,
  );
  if (session === null) return "stopped";
  const gone = session.upstreamGone();
  const connection = new ClientConnection();
  const client = serveStdio(() => session.server(), {
    transport: connection,
    onerror: (error) => settings.log(messageOf(error)),
  });
  const end = await Promise.race([
    gone.then(() => "upstream" as const),
    connection.closed.then(() => "client" as const),
    stopped.then(() => "stopped" as const),
  ]);
  await session.close();
  // What was answered just now is on its way to the client.
  await new Promise((resolve) => setImmediate(resolve));
  await client.close();
  // A client that has not closed its end would keep the process.
  process.stdin.destroy();
  return end;
}

/** The client on stdin and stdout. */
class ClientConnection extends StdioServerTransport {
  /** Resolves when the client is gone, or sent what is not read any further. */
  readonly closed: Promise<void>;
  readonly #close: () => void;

  constructor() {
    super(process.stdin, process.stdout, { maxBufferSize: GATEWAY_LIMITS.clientMessageBytesMax });
    let close = (): void => {};
    this.closed = new Promise((resolve) => {
      close = resolve;
    });
    this.#close = close;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#close();
  }
}

/** Null where the gateway was to end before the MCP server answered. */
async function opened(setup: SessionSetup, spec: UpstreamSpec, stopped: Promise<void>): Promise<Session | null> {
  const stopping = new AbortController();
  void stopped.then(() => stopping.abort());
  try {
    return await Session.open(setup, [spec], stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return null;
    throw error;
  }
}
