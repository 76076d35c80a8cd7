import type { Command } from "commander";
import { addGatewayOptions } from "../mcp/gateway-options.js";
import { acceptChanges, listPins } from "../mcp/pins.js";
import { proxy } from "../mcp/proxy.js";
import { wrap } from "../mcp/wrap.js";
import { collect, wholeNumber } from "../option-parsers.js";

/** `faramesh mcp`: MCP servers behind the gate. */
export function define(command: Command): void {
  addGatewayOptions(
    command
      .command("wrap <command...>")
      .description("start an MCP server behind the gate: put `faramesh mcp wrap --` before its command"),
  )
    .option("--agent-id <id>", "who calls (default: FARAMESH_AGENT_ID)")
    .option("--name <name>", "what the pins of the server are kept under (default: from its command)")
    .option("--probe", "ask first whether the server speaks MCP 2026-07-28, which starts it once more")
    .action(wrap);
  addProxyOptions(
    addGatewayOptions(
      command.command("proxy").description("serve MCP servers behind the gate at one HTTP endpoint on this machine"),
    ),
  ).action(proxy);
  const pins = command.command("pins").description("the definitions of tools as they were first seen");
  addPinsOption(pins.command("list").description("list the tools that are pinned, and those that changed since"))
    .option("--json", "print JSON")
    .action(listPins);
  addPinsOption(pins.command("accept [server]").description("pin what changed, after you have looked at it"))
    .option("--tool <name>", "of this tool; repeatable; of every tool, if none is given", collect)
    .option("--json", "print JSON")
    .action(acceptChanges);
}

function addProxyOptions(command: Command): Command {
  return command
    .requiredOption(
      "--upstream <url>",
      "an MCP server; NAME=URL puts NAME__ before the names of its tools; repeatable",
      collect,
    )
    .option(
      "--upstream-token <variable>",
      "the variable that holds the bearer token for a server; NAME=VARIABLE; repeatable",
      collect,
    )
    .option("--port <port>", "the port on 127.0.0.1; 0 picks a free one", wholeNumber(0, 65_535), 8010)
    .option("--public-url <url>", "the URL that clients know the endpoint by, if it is another")
    .option("--allow-host <name>", "a name in Host and Origin beside those of this machine; repeatable", collect)
    .option("--agent-id <id>", "whoever reaches the port is this agent (default: FARAMESH_AGENT_ID)")
    .option("--agents <file>", 'who has which token: {"agents": [{"agent_id", "token_sha256"}]}')
    .option("--oauth-issuer <url>", "the authorization server whose access tokens say who calls")
    .option("--oauth-jwks <url>", "its keys (default: /.well-known/jwks.json of the issuer)")
    .option("--oauth-audience <text>", "what tokens are issued for (default: the URL of the endpoint)")
    .option("--oauth-agent-claim <name>", "the claim that names the agent", "sub")
    .option("--oauth-scope <name>", "a scope that tokens must have; repeatable", collect);
}

function addPinsOption(command: Command): Command {
  return command
    .option("--data <dir>", "the data directory", ".faramesh")
    .option("--pins <file>", "the file of pins (default: mcp-pins.json in the data directory)");
}
