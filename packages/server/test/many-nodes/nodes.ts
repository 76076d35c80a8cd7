import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "./until.js";

const COMMAND = fileURLToPath(new URL("../../../cli/bin/faramesh.js", import.meta.url));
const START_MS_MAX = 60_000;
const ERROR_CHARS_MAX = 4_000;

/** How a node is started: what follows `faramesh serve`, and its environment. */
export interface NodeSettings {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Processes that run, so that none outlives this one. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A gate in a process of its own, that can be killed, stopped and started again. */
export class ServerNode {
  readonly name: string;
  readonly #settings: NodeSettings;
  #child: ChildProcess | null = null;
  #url: string | null = null;
  #isStopped = false;
  #errors = "";

  constructor(settings: NodeSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** Where it listens; null while it does not run. */
  get url(): string | null {
    return this.#url;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The end of what it wrote to stderr, over all its runs. */
  get errors(): string {
    return this.#errors;
  }

  /** Starts the process and waits until it listens. */
  async start(): Promise<void> {
    const { args, env } = this.#settings;
    const child = spawn(process.execPath, [COMMAND, "serve", ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => this.#ended(child));
    child.stderr.on("data", (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-ERROR_CHARS_MAX);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (this.#child === child) this.#url = /^listening on (http:\S+)$/.exec(line)?.[1] ?? this.#url;
    });
    await until(`${this.name} listens`, START_MS_MAX, () => {
      if (this.#child !== child) throw new Error(`${this.name} did not start: ${this.#errors}`);
      return this.#url !== null;
    });
  }

  /** SIGKILL: it has no time to finish anything. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM: it answers what is in flight and ends by itself. */
  async terminate(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** SIGSTOP: the kernel goes on taking its connections, and nobody answers. */
  stop(): void {
    this.#isStopped = this.#child?.kill("SIGSTOP") === true;
  }

  /** SIGCONT: it goes on where it was, and does what it was asked meanwhile. */
  resume(): void {
    this.#child?.kill("SIGCONT");
    this.#isStopped = false;
  }

  /** SIGHUP: it reads its policy file again. While it starts, it reads it anyway, and the signal would end it. */
  reload(): void {
    if (this.#url !== null) this.#child?.kill("SIGHUP");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  #ended(child: ChildProcess): void {
    running.delete(child);
    if (this.#child !== child) return;
    this.#child = null;
    this.#url = null;
    this.#isStopped = false;
  }
}

/** Starts nodes together; when one does not start, none is left running. */
export async function startNodes(settings: readonly NodeSettings[]): Promise<ServerNode[]> {
  const nodes = settings.map((each) => new ServerNode(each));
  try {
    await Promise.all(nodes.map((node) => node.start()));
    return nodes;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.kill()));
    throw error;
  }
}
