import { createHash } from "node:crypto";
import { basename } from "node:path";
import { wrapStdio } from "@faramesh/mcp-gateway";
import { CliError, usageError } from "../errors.js";
import { untilSignal } from "../signals.js";
import { type GatewayOptions, settingsOf } from "./gateway-options.js";
import { checkedName } from "./server-name.js";

interface WrapCommandOptions extends GatewayOptions {
  agentId?: string;
  name?: string;
  probe?: boolean;
}

/** `faramesh mcp wrap -- COMMAND …`: until the client or the MCP server is gone. */
export async function wrap(commandLine: readonly string[], options: WrapCommandOptions): Promise<void> {
  const [command = "", ...args] = commandLine;
  const agentId = options.agentId ?? (process.env["FARAMESH_AGENT_ID"] || undefined);
  if (agentId === undefined) throw usageError("say who calls: --agent-id ID or FARAMESH_AGENT_ID");
  const end = await wrapStdio({
    name: checkedName(options.name ?? nameOf(commandLine)),
    agentId,
    command,
    args,
    env: environmentOfServer(),
    probe: options.probe === true,
    settings: settingsOf(options),
    stopped: untilSignal(),
  });
  if (end === "upstream") throw new CliError("upstream_gone", `the MCP server ${command} ended`);
}

/** From the command line, and never from what the server says of itself: it could take another name to lose its pins. */
function nameOf(commandLine: readonly string[]): string {
  const readable = basename(commandLine[0] ?? "")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const digest = createHash("sha256").update(JSON.stringify(commandLine)).digest("hex").slice(0, 12);
  return `${readable.slice(0, 40) || "server"}-${digest}`;
}

/** What the client set for the MCP server, without what is the gateway's own: the key to the gate above all. */
function environmentOfServer(): Record<string, string> {
  const given = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return Object.fromEntries(given.filter(([name = ""]) => !name.toUpperCase().startsWith("FARAMESH_"))) as Record<
    string,
    string
  >;
}
