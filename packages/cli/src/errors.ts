import { commandName } from "./command-name.js";
import { printable } from "./output.js";

/** What may be known about a failure beside its message. */
interface CliErrorDetails {
  /** 1: it failed or was refused; 2: it was called wrongly. */
  exitCode?: 1 | 2;
  faults?: readonly FaultAt[];
  hint?: string | undefined;
}

/** A failure the command explains in a sentence. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Stable: scripts match on this, never on the message. */
  readonly code: string;
  readonly exitCode: 1 | 2;
  /** The places that are at fault, each with its own sentence. */
  readonly faults: readonly FaultAt[];
  /** What to do about it; people only see it. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, { exitCode = 1, faults = [], hint }: CliErrorDetails = {}) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
    this.faults = faults;
    this.hint = hint;
  }
}

/** A place, as a JSON path or `file:line:column`, and what is wrong there. */
export interface FaultAt {
  path: string;
  message: string;
}

/** The error of a command that was called with arguments it does not take. */
export function usageError(message: string): CliError {
  return new CliError("usage", message, { exitCode: 2 });
}

interface Failure {
  code: string;
  message: string;
  faults: FaultAt[];
  requestId: string | undefined;
  hint: string | undefined;
  exitCode: number;
}

/** The codes of errors that carry none themselves. */
const CODES_BY_NAME: Readonly<Record<string, string>> = {
  ConfigError: "invalid_config",
  DirectoryInUseError: "data_dir_in_use",
  InvalidActionError: "invalid_action",
  LedgerMismatchError: "ledger_mismatch",
  StoreUnavailableError: "store_unavailable",
};

const HINTS: Readonly<Record<string, () => string>> = {
  unauthorized: () =>
    "set FARAMESH_API_KEY to a key of this gate; or, for one on this machine, unset it, or name its data directory with --data",
  unreachable: () => `is the gate running? \`${commandName()} dev\` starts one; --url or FARAMESH_URL names another`,
};

/**
 * Writes an error to stderr: `error: …`, then `code: …` and what is known about the cure; one JSON object with `json`.
 *
 * @returns The exit code.
 */
export function reportError(error: unknown, json: boolean): number {
  const failure = readFailure(error);
  if (json) {
    const { code, message, faults, requestId } = failure;
    const extra = { ...(faults.length > 0 && { errors: faults }), ...(requestId && { request_id: requestId }) };
    process.stderr.write(`${JSON.stringify({ error: { code, message, ...extra } })}\n`);
  } else {
    process.stderr.write(`${readable(failure).join("\n")}\n`);
  }
  return failure.exitCode;
}

function readable(failure: Failure): string[] {
  const lines = [`error: ${failure.message.split("\n").map(printable).join("\n  ")}`];
  for (const fault of failure.faults) {
    if (!failure.message.includes(fault.message)) lines.push(`  ${printable(fault.path)}: ${printable(fault.message)}`);
  }
  lines.push(`code: ${failure.code}`);
  if (failure.requestId !== undefined) lines.push(`request_id: ${failure.requestId}`);
  if (failure.hint !== undefined) lines.push(`hint: ${printable(failure.hint)}`);
  return lines;
}

function readFailure(error: unknown): Failure {
  if (!(error instanceof Error)) {
    const message = String(error);
    return { code: "internal", message, faults: [], requestId: undefined, hint: undefined, exitCode: 1 };
  }
  const code = textField(error, "code") ?? CODES_BY_NAME[error.name] ?? "internal";
  return {
    code,
    message: error.message,
    faults: readFaults(error),
    requestId: textField(error, "requestId"),
    hint: (error instanceof CliError ? error.hint : undefined) ?? HINTS[code]?.(),
    exitCode: error instanceof CliError ? error.exitCode : 1,
  };
}

function readFaults(error: Error): FaultAt[] {
  const given = field(error, "faults") ?? field(error, "errors");
  if (!Array.isArray(given)) return [];
  return given.flatMap((fault: unknown) => {
    const path = textField(fault, "path");
    const message = textField(fault, "message");
    return path !== undefined && message !== undefined ? [{ path, message }] : [];
  });
}

function field(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? (holder as Record<string, unknown>)[name] : undefined;
}

function textField(holder: unknown, name: string): string | undefined {
  const value = field(holder, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
