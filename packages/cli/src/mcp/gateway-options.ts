import { join } from "node:path";
import { GATEWAY_LIMITS, type GatewaySettings, PinFile, ResultFilter } from "@faramesh/mcp-gateway";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect, connectAdmin } from "../connection.js";
import { DEFAULT_DATA_DIR } from "../data-dir.js";
import { usageError } from "../errors.js";
import { collect, wholeNumber } from "../option-parsers.js";
import { printable } from "../output.js";

/** Tools that one request may register. */
const EACH_TIME_MAX = 500;
const RESULT_BYTES_MAX = 16_777_216;

/** The options that every gateway has. */
export interface GatewayOptions extends ConnectionOptions {
  operation: string;
  toolPrefix: string;
  waitSeconds: number;
  callSeconds: number;
  resultBytes: number;
  redact?: string[];
  /** False with `--no-pins`. */
  pins?: string | false;
  hideDenied?: boolean;
  toolsOnly?: boolean;
  askToWait?: boolean;
  registerSchemas?: boolean;
}

/** Adds the options of {@link GatewayOptions}. */
export function addGatewayOptions(command: Command): Command {
  const { waitSecondsDefault, waitSecondsMax, callSecondsDefault, callSecondsMax, resultBytesDefault } = GATEWAY_LIMITS;
  return addConnectionOptions(command)
    .option("--operation <operation>", "the operation of every action", "call")
    .option("--tool-prefix <text>", "what comes before a tool's name where it is put to the gate", "")
    .option(
      "--wait-seconds <n>",
      "how long a held call waits for a person before it is answered with how to resume it",
      wholeNumber(0, waitSecondsMax),
      waitSecondsDefault,
    )
    .option("--call-seconds <n>", "how long a call may run", wholeNumber(1, callSecondsMax), callSecondsDefault)
    .option(
      "--result-bytes <n>",
      "bytes of a result past which it is cut",
      wholeNumber(1_000, RESULT_BYTES_MAX),
      resultBytesDefault,
    )
    .option("--redact <pattern>", "an RE2 pattern of what is taken out of results; repeatable", collect)
    .option("--pins <file>", "where definitions of tools are pinned (default: mcp-pins.json in the data directory)")
    .option("--no-pins", "do not pin definitions")
    .option("--hide-denied", "do not list tools that the policy never allows")
    .option("--tools-only", "refuse resources, prompts, completions and logging")
    .option("--ask-to-wait", "ask the person at the client, where it can, whether to go on waiting for a held call")
    .option("--register-schemas", "tell the gate what the params of the tools look like (an admin key)");
}

/** The settings of a gateway. @throws CliError for options that cannot be used. */
export function settingsOf(options: GatewayOptions): GatewaySettings {
  return {
    gate: connect(options),
    operation: options.operation,
    toolPrefix: options.toolPrefix,
    waitSeconds: options.waitSeconds,
    callSeconds: options.callSeconds,
    results: resultFilter(options),
    pins: options.pins === false ? null : pinFile(options),
    hideDenied: options.hideDenied === true,
    toolsOnly: options.toolsOnly === true,
    askToWait: options.askToWait === true,
    registerSchemas: options.registerSchemas === true ? schemaRegistrar(options) : null,
    log,
  };
}

/** The file of pins that the options name. */
export function pinFile({ pins, data }: { pins?: string | false; data?: string }): PinFile {
  return new PinFile(typeof pins === "string" ? pins : join(data ?? DEFAULT_DATA_DIR, "mcp-pins.json"));
}

/** One line on stderr: stdout belongs to the protocol. */
export function log(line: string): void {
  process.stderr.write(`faramesh mcp: ${printable(line)}\n`);
}

function resultFilter({ resultBytes, redact }: GatewayOptions): ResultFilter {
  try {
    return new ResultFilter({ bytesMax: resultBytes, redact });
  } catch (error) {
    throw usageError(`--redact is no RE2 pattern: ${(error as Error).message}`);
  }
}

function schemaRegistrar(options: GatewayOptions): NonNullable<GatewaySettings["registerSchemas"]> {
  const admin = connectAdmin(options);
  return async (tools) => {
    for (let from = 0; from < tools.length; from += EACH_TIME_MAX) {
      await admin.registerTools(tools.slice(from, from + EACH_TIME_MAX));
    }
  };
}
