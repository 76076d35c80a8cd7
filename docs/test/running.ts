import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLONE } from "./snippets.js";

const COMMAND = `${CLONE}packages/cli/dist/main.js`;
const START_MS_MAX = 60_000;

/** What a finished program left behind. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, with the text given on stdin. */
export function run(
  program: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; input?: string },
): Promise<Finished> {
  const child = spawn(program, args, { cwd: options.cwd, env: options.env });
  const output = watch(child);
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
  });
}

/** The environment without what would lead to another gate, or colour the output. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(FARAMESH_|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name));
  return Object.fromEntries(kept);
}

/** The Python that the tests use. */
export function python(): string {
  return existsSync(`${CLONE}.venv/bin/python`) ? `${CLONE}.venv/bin/python` : "python3";
}

/** A process that goes on running. */
export interface Running {
  stdout: () => string;
  until: (pattern: RegExp) => Promise<void>;
  /** Ends the process and what it started; resolves when it is gone. */
  stop: () => Promise<void>;
}

/** Starts a program as the leader of a process group of its own. */
export function start(program: string, args: string[], cwd: string): Running {
  const child = spawn(program, args, { cwd, env: plainEnvironment(), detached: true });
  const output = watch(child);
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    stdout: () => output.stdout,
    until: (pattern) => untilShown(child, output, pattern),
    async stop() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
      await closed;
    },
  };
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

function untilShown(child: ChildProcess, output: { stdout: string; stderr: string }, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`not shown: ${pattern}\n${output.stdout}\n${output.stderr}`));
    const overdue = setTimeout(fail, START_MS_MAX);
    const look = () => {
      if (!pattern.test(output.stdout)) return;
      clearTimeout(overdue);
      child.stdout?.off("data", look);
      resolve();
    };
    child.stdout?.on("data", look);
    child.once("close", () => {
      clearTimeout(overdue);
      fail();
    });
    look();
  });
}

/** A reader's machine: a folder to work in, and a gate that `faramesh dev` runs there. */
export interface Desk {
  folder: string;
  /** The environment after the two `export` lines were pasted. */
  env: NodeJS.ProcessEnv;
  /** Runs a script in an empty folder with the gate's data directory, where `faramesh` is the command. */
  bash: (script: string) => Promise<Finished>;
  clear: () => Promise<void>;
}

/** Sets up a desk: as after `npm start`, but on a free port. */
export async function openDesk(): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), "faramesh-docs-"));
  symlinkSync(`${CLONE}node_modules`, join(folder, "node_modules"));
  const gate = start(process.execPath, [COMMAND, "dev", "--port", "0"], folder);
  const clear = async (): Promise<void> => {
    await gate.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await gate.until(/Stop with Ctrl-C/).catch(async (error: unknown) => {
    await clear();
    throw error;
  });
  const env = plainEnvironment();
  for (const [, name = "", value] of gate.stdout().matchAll(/^export (\w+)=(\S+)$/gm)) env[name] = value;
  const preamble = `set -euo pipefail\nfaramesh() { node ${JSON.stringify(COMMAND)} "$@"; }\n`;
  return {
    folder,
    env,
    bash(script) {
      const cwd = mkdtempSync(join(folder, "reader-"));
      symlinkSync(join(folder, ".faramesh"), join(cwd, ".faramesh"));
      return run("bash", ["-c", preamble + script], { cwd, env });
    },
    clear,
  };
}
