import { isatty } from "node:tty";
import type { Finding } from "@faramesh/core";
import { CliError } from "./errors.js";
import { faultOf } from "./policy-file.js";

const STDOUT = 1;
/** The longest a gate may take to drain and commit after it was told to stop, in milliseconds. */
const DRAIN_MS_MAX = 4_500;

/** A gate that runs in this process. */
export interface RunningServer {
  url: string;
  close(): Promise<void>;
}

/**
 * Runs the gate until a signal, then drains it and ends the process with 0.
 *
 * @param signalled - Ends at the signal. Watched since before the gate was started, so that a signal during the start
 *   is kept until there is something to stop.
 */
export async function stopOnSignal(server: RunningServer, signalled: Promise<void>): Promise<never> {
  await signalled;
  await drain(server);
  process.exit(0);
}

/**
 * Closes the gate once everything is committed. Where that takes longer than an operator's supervisor waits, the
 * process ends with 1.
 */
export async function drain(server: RunningServer): Promise<void> {
  const overdue = setTimeout(() => {
    process.stderr.write("error: the gate did not drain in time\ncode: drain_timeout\n");
    process.exit(1);
  }, DRAIN_MS_MAX);
  try {
    await server.close();
  } finally {
    clearTimeout(overdue);
  }
}

/**
 * Reads the policy file again at each SIGHUP. A text that does not load changes nothing: the last good one goes on
 * deciding, and stderr says which line and why. A terminal that is closed sends the same signal: the gate that was
 * started in it ends.
 */
export function reloadOnHangup(server: ReloadingServer, policyFile: string): void {
  const isOnTerminal = isatty(STDOUT);
  const hungUp = (): void => {
    if (isOnTerminal && !isatty(STDOUT)) void endByHangup(server, hungUp);
    else void reload(server, policyFile);
  };
  process.on("SIGHUP", hungUp);
}

/** A gate in this process that can take up a changed policy. */
export interface ReloadingServer extends RunningServer {
  reloadPolicy(): Promise<void>;
}

/** Reads the policy file again, and says what came of it on stderr. */
export async function reload(server: ReloadingServer, policyFile: string): Promise<void> {
  try {
    await server.reloadPolicy();
    process.stderr.write(`policy ${policyFile} loaded again\n`);
  } catch (error) {
    process.stderr.write(
      `error: ${policyFile} is not used: ${reasonOf(error)} (the last good policy goes on deciding)\n`,
    );
  }
}

// By the signal itself and not by an exit: Node.js aborts an exit that finds its terminal gone.
async function endByHangup(server: RunningServer, listener: () => void): Promise<void> {
  await drain(server);
  process.off("SIGHUP", listener);
  process.kill(process.pid, "SIGHUP");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a gate was asked to start with. */
interface StartRequest {
  host: string;
  port: number;
  policyFile: string | undefined;
}

/**
 * Says what to do where a gate could not start.
 *
 * @throws always: {@link CliError} where the reason is known, else the error itself.
 */
export function explainStartFailure(error: unknown, { host, port, policyFile }: StartRequest): never {
  if (!(error instanceof Error)) throw error;
  if (error.name === "PolicyLoadError") throw policyError(error, policyFile ?? "the policy");
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    const cure = "stop that one, or choose another with --port";
    throw new CliError("port_in_use", `port ${port} on ${host} is taken, perhaps by another gate: ${cure}`);
  }
  if (syscall === "listen" || syscall === "getaddrinfo") {
    throw new CliError("cannot_listen", `cannot listen on ${host}, port ${port}: ${error.message}`);
  }
  throw error;
}

function policyError(error: Error, file: string): CliError {
  const findings = "findings" in error && Array.isArray(error.findings) ? (error.findings as Finding[]) : [];
  const faults = findings.map((finding) => faultOf(file, finding));
  return new CliError("invalid_policy", `${file} does not load, so the gate does not start`, { faults });
}
