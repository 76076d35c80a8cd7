import { writeFile } from "node:fs/promises";
import type { Action, CreatedApiKey } from "@faramesh/protocol";
import { expect } from "vitest";
import { POLICY } from "./policies.js";
import { type Finished, faramesh, type Scratch, scratch, startGate, type TestGate } from "./running.js";

/** A gate in a folder of its own, and the command that asks it from there, as its admin where nothing else is said. */
export class ClientGate {
  /** Holds `policy.yaml`, and the gate's data in `data`. */
  readonly folder: Scratch;
  readonly url: string;
  /** The environment of its admin. */
  readonly env: Record<string, string>;
  private readonly gate: TestGate;

  private constructor(folder: Scratch, gate: TestGate) {
    this.folder = folder;
    this.url = gate.url;
    this.env = gate.env;
    this.gate = gate;
  }

  static async start(): Promise<ClientGate> {
    const folder = await scratch();
    await writeFile(folder.path("policy.yaml"), POLICY);
    return new ClientGate(folder, await startGate(folder.path("data"), folder.path("policy.yaml")));
  }

  async stop(): Promise<void> {
    await this.gate.stop();
    await this.folder.remove();
  }

  run(...args: string[]): Promise<Finished> {
    return faramesh(args, { cwd: this.folder.dir, env: this.env });
  }

  /** What a command that goes well answers with `--json`. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout) as T;
  }

  async submit(action: object, env = this.env): Promise<Action> {
    const { stdout } = await faramesh(["submit", "--file", "-", "--json"], { env, input: JSON.stringify(action) });
    return JSON.parse(stdout) as Action;
  }

  /** The environment of a client with a new key of this role. */
  async keyOf(role: string, name = `${role}-1`): Promise<Record<string, string>> {
    const { key } = await this.json<CreatedApiKey>("keys", "create", "--name", name, "--role", role);
    return { FARAMESH_URL: this.url, FARAMESH_API_KEY: key };
  }
}

/** The error code that a command ended with, as people are shown it. */
export function codeOf({ stderr }: Finished): string | undefined {
  return /^code: (\w+)$/m.exec(stderr)?.[1];
}
