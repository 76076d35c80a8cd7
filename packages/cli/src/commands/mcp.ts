import type { Command } from "commander";
import { addGatewayOptions } from "../mcp/gateway-options.js";
import { acceptChanges, listPins } from "../mcp/pins.js";
import { wrap } from "../mcp/wrap.js";
import { collect } from "../option-parsers.js";

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
  const pins = command.command("pins").description("the definitions of tools as they were first seen");
  addPinsOption(pins.command("list").description("list the tools that are pinned, and those that changed since"))
    .option("--json", "print JSON")
    .action(listPins);
  addPinsOption(pins.command("accept [server]").description("pin what changed, after you have looked at it"))
    .option("--tool <name>", "of this tool; repeatable; of every tool, if none is given", collect)
    .option("--json", "print JSON")
    .action(acceptChanges);
}

function addPinsOption(command: Command): Command {
  return command
    .option("--data <dir>", "the data directory", ".faramesh")
    .option("--pins <file>", "the file of pins (default: mcp-pins.json in the data directory)");
}
