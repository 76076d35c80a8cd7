import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const SHOWN_MS_MAX = 20_000;

/** A process that goes on until it is stopped, by its id. */
export interface RunningProcess {
  pid: number;
  stderr: () => string;
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts Node and waits until it shows what it is waited for. */
export async function startNode(
  args: string[],
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string },
  shown: RegExp,
): Promise<{ process: RunningProcess; match: RegExpExecArray }> {
  const path = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, args, { cwd, env: { PATH: path, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const match = await untilShown(child, shown);
  return { process: { pid: child.pid ?? 0, stderr: () => stderr, stop: (signal) => stopped(child, signal) }, match };
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
  return child.exitCode;
}

function untilShown(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (): void => reject(new Error(`not shown: ${pattern}\n${output}`));
    const overdue = setTimeout(fail, SHOWN_MS_MAX);
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = pattern.exec(output);
      if (match === null) return;
      clearTimeout(overdue);
      resolve(match);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    child.once("exit", () => {
      clearTimeout(overdue);
      fail();
    });
  });
}

/** A port that was free a moment ago, for a program that cannot pick one itself. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
