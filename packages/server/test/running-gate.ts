import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action, CreatedApiKey, Problem, Role } from "@faramesh/protocol";
import type { ServerConfig } from "../src/config.js";
import { type Server, startServer } from "../src/main.js";

/** A policy with one tool for each answer. */
export const POLICY = `version: 1
name: test
rules:
  - id: no-rm
    match: { tool: shell, params: { cmd: { contains: "rm -rf" } } }
    deny: true
    reason: Recursive deletion is never automatic
  - id: shell
    match: { tool: shell, operation: exec }
    allow: true
  - id: refund
    match: { tool: stripe, operation: refund }
    require_approval: true
    reason: Refunds need a person
  - id: named
    match: { tool: stripe, operation: payout }
    require_approval: { approvers: [finance], expires_in: 1h }
  - id: four-eyes
    match: { tool: stripe, operation: transfer }
    require_approval: { exclude_submitter: true }
  - id: brief
    match: { tool: stripe, operation: brief }
    require_approval: { expires_in: 1s }
`;

export const ADMIN = "test-admin-key-0123456789";
export const LS = { agent_id: "agent", tool: "shell", operation: "exec", params: { cmd: "ls -la" } };
export const RM = { ...LS, params: { cmd: "rm -rf /" } };
export const REFUND = { agent_id: "agent", tool: "stripe", operation: "refund", params: { amount: 50 } };

/** An action, or the problem in its place: tests read from it what they expect to be there. */
export type Answered = Action & Omit<Problem, "status">;

/** What a request came to. */
export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A real server on a real SQLite file, and how to ask it. */
export class RunningGate {
  readonly dataDir: string;
  server: Server;

  private constructor(dataDir: string, server: Server) {
    this.dataDir = dataDir;
    this.server = server;
  }

  /** @param policySource - null for a server that is given no policy. */
  static async start({
    policySource = POLICY,
    ...config
  }: Partial<Omit<ServerConfig, "policySource">> & { policySource?: string | null } = {}): Promise<RunningGate> {
    const dataDir = config.dataDir ?? mkdtempSync(join(tmpdir(), "faramesh-gate-"));
    const server = await startServer({
      dataDir,
      host: "127.0.0.1",
      port: 0,
      adminKey: ADMIN,
      logLevel: "silent",
      ...(policySource === null ? {} : { policySource }),
      ...config,
    });
    return new RunningGate(dataDir, server);
  }

  async stop(): Promise<void> {
    await this.server.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Sends JSON (or a text as it is) and reads JSON. */
  async send<Body>(
    method: string,
    path: string,
    options: { key?: string | null; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<Body>> {
    const { key = ADMIN, body, headers = {} } = options;
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? null : JSON.parse(text)) as Body,
    };
  }

  submit(action: object, key = ADMIN, headers: Record<string, string> = {}): Promise<Answer<Answered>> {
    return this.send("POST", "/v1/actions", { key, body: action, headers });
  }

  step(id: string, verb: string, body: object = {}, key: string | null = ADMIN): Promise<Answer<Answered>> {
    return this.send("POST", `/v1/actions/${id}/${verb}`, { key, body });
  }

  async get(id: string, key = ADMIN): Promise<Action> {
    return (await this.send<Action>("GET", `/v1/actions/${id}`, { key })).body;
  }

  async key(role: Role, agents: string[] = [], name: string = role): Promise<string> {
    const answer = await this.send<CreatedApiKey>("POST", "/v1/api-keys", { body: { name, role, agents } });
    if (answer.status !== 201) throw new Error(`no key: ${answer.status}`);
    return answer.body.key;
  }
}
