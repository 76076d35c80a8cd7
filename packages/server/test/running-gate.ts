import type { Action, CreatedApiKey, Problem, Role } from "@faramesh/protocol";
import type { ServerConfig } from "../src/config.js";
import { type Server, startServer } from "../src/main.js";
import { directoryAt, newPlace, type Place, type StoreName } from "./places.js";

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

/** How a gate is started, where it is not as most tests want it. */
interface GateOptions extends Partial<Omit<ServerConfig, "policySource" | "store" | "secret">> {
  /** SQLite where nothing is said. */
  readonly store?: StoreName;
  /** Where another gate kept what it kept: this, or the `dataDir` of one on SQLite. Otherwise a place of its own. */
  readonly place?: Place;
  /** null for a server that is given no policy. */
  readonly policySource?: string | null;
}

/** A real server on a real store, and how to ask it. */
export class RunningGate {
  readonly place: Place;
  server: Server;

  private constructor(place: Place, server: Server) {
    this.place = place;
    this.server = server;
  }

  static async start({ store = "SQLite", place, policySource = POLICY, ...config }: GateOptions = {}) {
    const given = place ?? (config.dataDir === undefined ? null : directoryAt(config.dataDir));
    const its = given ?? (await newPlace(store));
    const starting = startServer({
      ...its.config,
      host: "127.0.0.1",
      port: 0,
      adminKey: ADMIN,
      logLevel: "silent",
      ...(policySource === null ? {} : { policySource }),
      ...config,
    });
    // What does not start leaves nothing behind, either.
    if (given === null) starting.catch(() => its.remove());
    return new RunningGate(its, await starting);
  }

  /** The data directory of a gate on SQLite. */
  get dataDir(): string {
    return this.place.config.dataDir;
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.place.remove();
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
