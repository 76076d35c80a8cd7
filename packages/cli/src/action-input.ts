import { parseStrictJson, readActionRequest } from "@faramesh/core";
import type { ActionRequest } from "@faramesh/protocol";
import type { Command } from "commander";
import { usageError } from "./errors.js";
import { collect } from "./option-parsers.js";
import { readText } from "./text-file.js";

/** The options that describe an action on the command line. */
export interface ActionOptions {
  file?: string;
  agent?: string;
  tool?: string;
  operation?: string;
  param?: string[];
  params?: string;
  context?: string;
}

/** Adds the options of {@link ActionOptions}. */
export function addActionOptions(command: Command): Command {
  return command
    .option("-f, --file <file>", "the action as JSON; - reads stdin")
    .option("--agent <id>", "agent_id")
    .option("--tool <name>", "tool")
    .option("--operation <name>", "operation")
    .option("-p, --param <key=value>", "a param as text, or key:=json for any other JSON value; repeatable", collect)
    .option("--params <json>", "all params as one JSON object")
    .option("--context <json>", "the context as a JSON object");
}

/**
 * The action the options describe, read as strictly as the gate reads it.
 *
 * @throws {@link CliError} `usage` where options are missing or contradict each other; core's errors where the JSON
 *   or the action is not valid.
 */
export async function readAction(options: ActionOptions): Promise<ActionRequest> {
  const text = options.file === undefined ? actionText(options) : await actionFile(options, options.file);
  return readActionRequest(parseStrictJson(text));
}

const FIELDS = ["agent", "tool", "operation"] as const;

async function actionFile(options: ActionOptions, file: string): Promise<string> {
  const others = [...FIELDS, "param", "params", "context"] as const;
  const given = others.filter((name) => options[name] !== undefined);
  if (given.length > 0) throw usageError(`--file holds the whole action: leave out --${given.join(", --")}`);
  return readText(file);
}

// The action is put together as JSON text, so that one strict parser judges what came from a file and from options.
function actionText(options: ActionOptions): string {
  const missing = FIELDS.filter((name) => options[name] === undefined);
  if (missing.length > 0) throw usageError(`give --file, or the missing --${missing.join(", --")}`);
  const members = [
    `"agent_id":${JSON.stringify(options.agent)}`,
    `"tool":${JSON.stringify(options.tool)}`,
    `"operation":${JSON.stringify(options.operation)}`,
    `"params":${paramsText(options)}`,
  ];
  if (options.context !== undefined) members.push(`"context":${jsonOption("--context", options.context)}`);
  return `{${members.join(",")}}`;
}

function paramsText(options: ActionOptions): string {
  if (options.params !== undefined && options.param !== undefined) throw usageError("give --param or --params");
  if (options.params !== undefined) return jsonOption("--params", options.params);
  return `{${(options.param ?? []).map(memberText).join(",")}}`;
}

function memberText(param: string): string {
  const equals = param.indexOf("=");
  if (equals < 1) throw usageError(`--param ${param}: it must be key=text or key:=json`);
  const value = param.slice(equals + 1);
  if (param[equals - 1] !== ":") return `${JSON.stringify(param.slice(0, equals))}:${JSON.stringify(value)}`;
  const name = param.slice(0, equals - 1);
  if (jsonFault(value) !== undefined)
    throw usageError(`--param ${param}: ${value} is not JSON; for a text write ${name}=${value}`);
  return `${JSON.stringify(name)}:${value}`;
}

function jsonOption(name: string, text: string): string {
  const fault = jsonFault(text);
  if (fault !== undefined) throw usageError(`${name}: ${fault}`);
  return text;
}

// Each piece must be JSON by itself, or a piece could close the object it is put into and open another.
function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "it is not JSON";
  }
}
