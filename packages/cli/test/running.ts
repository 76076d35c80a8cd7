import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const ANSWER_MS_MAX = 20_000;

/** What a finished process left behind. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Options {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
}

/** Runs the built `faramesh` command to its end. */
export async function faramesh(args: readonly string[], options: Options = {}): Promise<Finished> {
  const child = spawnCommand(args, options);
  // A command that should have ended must not outlive the test that shows it does not.
  const overdue = setTimeout(() => child.kill("SIGKILL"), ANSWER_MS_MAX);
  try {
    return await finished(child, options.input);
  } finally {
    clearTimeout(overdue);
  }
}

/** A `faramesh` process that goes on running. */
export interface Running {
  pid: number;
  /** Everything on stdout so far. */
  stdout: () => string;
  stderr: () => string;
  /** Waits until stdout shows `pattern`; fails, with what it did show, where the process ends or takes too long. */
  until: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Sends a signal and waits for the end. */
  stop: (signal?: NodeJS.Signals) => Promise<Finished>;
}

/** Starts a `faramesh` process that is stopped by {@link Running.stop}. */
export function start(args: readonly string[], options: Options = {}): Running {
  const child = spawnCommand(args, options);
  const end = finished(child, options.input);
  const output = watch(child);
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    until: (pattern) => untilShown(child, output, pattern),
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return end;
    },
  };
}

function spawnCommand(args: readonly string[], { cwd, env }: Options): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...cleanEnvironment(), ...env } });
}

/** The environment without what would point the command at another gate, or colour its output. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(FARAMESH_|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name));
  return Object.fromEntries(kept);
}

function watch(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return output;
}

function finished(child: ChildProcess, input?: string): Promise<Finished> {
  const output = watch(child);
  child.stdin?.end(input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
}

function untilShown(child: ChildProcess, output: { stdout: string; stderr: string }, pattern: RegExp) {
  return new Promise<RegExpExecArray>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why} before ${pattern}:\n${output.stdout}\n${output.stderr}`));
    const overdue = setTimeout(() => fail(`${ANSWER_MS_MAX} ms went by`), ANSWER_MS_MAX);
    const look = () => {
      const match = pattern.exec(output.stdout);
      if (match === null) return;
      clearTimeout(overdue);
      child.stdout?.off("data", look);
      resolve(match);
    };
    child.stdout?.on("data", look);
    child.once("close", (code) => {
      clearTimeout(overdue);
      fail(`the process ended with ${code}`);
    });
    look();
  });
}

/** A folder that is gone after {@link Scratch.remove}. */
export interface Scratch {
  dir: string;
  path: (...names: string[]) => string;
  remove: () => Promise<void>;
}

/** Makes an empty folder under the system's temporary one. */
export async function scratch(): Promise<Scratch> {
  const dir = await mkdtemp(join(tmpdir(), "faramesh-cli-"));
  return {
    dir,
    path: (...names) => join(dir, ...names),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** The admin key of the gates these tests start. */
export const ADMIN_KEY = "fm_test_admin_key_of_the_cli_tests_0123456789";

/** A gate in a process of its own. */
export interface TestGate extends Running {
  url: string;
  /** The environment of a client of this gate, as admin. */
  env: Record<string, string>;
}

/** Starts `faramesh serve` on a free port. */
export async function startGate(dataDir: string, policyFile: string): Promise<TestGate> {
  const args = ["serve", "--data", dataDir, "--host", "127.0.0.1", "--port", "0", "--policy", policyFile];
  const running = start(args, { env: { FARAMESH_TOKEN: ADMIN_KEY } });
  const [, url = ""] = await running.until(/^listening on (http:\S+)$/m);
  return { ...running, url, env: { FARAMESH_URL: url, FARAMESH_API_KEY: ADMIN_KEY } };
}
