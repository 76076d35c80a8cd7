import type { Command } from "commander";
import type { RegisteredTool } from "../admin-client.js";
import { readToolFiles } from "../check/tool-files.js";
import { addConnectionOptions, type ConnectionOptions, connectAdmin } from "../connection.js";
import { print, printable, printJson } from "../output.js";
import { table } from "../render/table.js";

/** Tools that one request may hold. */
const EACH_TIME_MAX = 500;

/** `faramesh tools`: what the params of tools look like. */
export function define(command: Command): void {
  addConnectionOptions(command.command("list").description("list the tools whose params are known")).action(list);
  addConnectionOptions(
    command
      .command("register <files...>")
      .description(
        "register schemas: an MCP tools/list, OpenAPI ([NAME=]FILE), or a list of {tool, operation?, schema}",
      ),
  ).action(register);
  addConnectionOptions(
    command
      .command("remove <tool>")
      .description("forget what the params of a tool look like")
      .option("--operation <operation>", "of this operation; without it, the schema for every one"),
  ).action(remove);
}

async function list(options: ConnectionOptions): Promise<void> {
  const tools = await connectAdmin(options).listTools();
  if (options.json) return printJson(tools);
  print(tools.length === 0 ? "nothing is known of any tool" : toolTable(tools));
}

async function register(files: readonly string[], options: ConnectionOptions): Promise<void> {
  const tools = await readToolFiles(files);
  const client = connectAdmin(options);
  const registered: RegisteredTool[] = [];
  for (let from = 0; from < tools.length; from += EACH_TIME_MAX) {
    const part = tools.slice(from, from + EACH_TIME_MAX).map(({ tool, operation, schema }) => {
      return { tool, ...(operation !== null && { operation }), schema };
    });
    registered.push(...(await client.registerTools(part)));
  }
  if (options.json) printJson(registered);
  else print(`registered ${registered.length}: what is submitted for them is held against their schemas from now on`);
}

async function remove(tool: string, options: ConnectionOptions & { operation?: string }): Promise<void> {
  const removed = await connectAdmin(options).removeTool(tool, options.operation);
  if (options.json) printJson(removed);
  else print(`nothing is known of ${printable(nameOf(removed))} any more`);
}

function nameOf({ tool, operation }: RegisteredTool): string {
  return operation === null ? tool : `${tool} ${operation}`;
}

function toolTable(tools: readonly RegisteredTool[]): string {
  const rows = tools.map((each) => [
    printable(each.tool),
    printable(each.operation ?? "any"),
    printable(Object.keys((each.schema as { properties?: object }).properties ?? {}).join(", ")),
    each.registered_at,
    printable(each.registered_by.name),
  ]);
  return table(["tool", "operation", "params", "registered", "by"], rows);
}
