import type { RuleSummary } from "@faramesh/core";
import type { Agent, ApiKey, CreatedApiKey, Problem, Role } from "@faramesh/protocol";
import { CliError } from "./errors.js";

const TIMEOUT_MS = 10_000;
/** The ledger is read through before it is pruned. Node gives up on an answer after five minutes. */
const PRUNE_TIMEOUT_MS = 290_000;
/** Hints for refusals of what operators do. Agents do none of it, and are not led to another key elsewhere. */
const HINTS: Readonly<Record<string, string>> = {
  forbidden: "an admin may: the admin's key of a gate on this machine is in admin.key in its data directory",
};

/** `GET /v1/policies/active`. */
export interface ActivePolicy {
  id: string;
  version: number;
  hash: string;
  /** The text it was loaded from. */
  source: string;
  loaded_at: string;
  rules: RuleSummary[];
  warnings: string[];
}

/** `GET /v1/whoami`. */
export interface WhoAmI {
  id: string;
  name: string;
  role: Role;
  agents: string[];
}

/** `POST /v1/prune`. */
export interface Pruned {
  before: string;
  actions: number;
  entries: number;
  first_index: number;
  root: string;
  dry_run: boolean;
  removed: boolean;
}

/** An HTTP answer: its status, its JSON, and the gate's own clock. */
export interface Answer {
  status: number;
  body: unknown;
  date: string | null;
}

/** The endpoints that only operators call. What applications call is in `@faramesh/sdk`. */
export class AdminClient {
  readonly #url: string;
  readonly #apiKey: string | undefined;

  constructor(connection: { url: string; apiKey: string | undefined }) {
    this.#url = connection.url;
    this.#apiKey = connection.apiKey;
  }

  createKey(request: { name: string; role: Role; agents?: string[] }): Promise<CreatedApiKey> {
    return this.#ask<CreatedApiKey>("POST", "/v1/api-keys", request);
  }

  listKeys(): Promise<ApiKey[]> {
    return this.#ask<ApiKey[]>("GET", "/v1/api-keys");
  }

  rotateKey(id: string): Promise<CreatedApiKey> {
    return this.#ask<CreatedApiKey>("POST", `/v1/api-keys/${encodeURIComponent(id)}/rotate`, {});
  }

  revokeKey(id: string): Promise<ApiKey> {
    return this.#ask<ApiKey>("DELETE", `/v1/api-keys/${encodeURIComponent(id)}`);
  }

  listAgents(): Promise<Agent[]> {
    return this.#ask<Agent[]>("GET", "/v1/agents");
  }

  disableAgent(agentId: string, reason: string | undefined): Promise<Agent> {
    const body = reason === undefined ? {} : { reason };
    return this.#ask<Agent>("POST", `/v1/agents/${encodeURIComponent(agentId)}/disable`, body);
  }

  enableAgent(agentId: string): Promise<Agent> {
    return this.#ask<Agent>("POST", `/v1/agents/${encodeURIComponent(agentId)}/enable`, {});
  }

  prune(request: { before: string; dry_run: boolean }): Promise<Pruned> {
    return this.#ask<Pruned>("POST", "/v1/prune", request, PRUNE_TIMEOUT_MS);
  }

  activePolicy(): Promise<ActivePolicy> {
    return this.#ask<ActivePolicy>("GET", "/v1/policies/active");
  }

  whoami(): Promise<WhoAmI> {
    return this.#ask<WhoAmI>("GET", "/v1/whoami");
  }

  async #ask<T>(method: string, path: string, body?: object, timeoutMs?: number): Promise<T> {
    const answer = await this.call(method, path, body, timeoutMs);
    if (answer.status >= 200 && answer.status < 300) return answer.body as T;
    if (answer.status === 401 && this.#apiKey === undefined) throw new CliError("unauthorized", "no key was sent");
    throw problemError(answer);
  }

  /**
   * One request, whatever its status.
   *
   * @throws {@link CliError} `unreachable` where there is no answer, `bad_response` where it is not JSON.
   */
  async call(method: string, path: string, body?: object, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    const response = await this.#fetch(method, path, body, timeoutMs);
    try {
      return { status: response.status, body: await response.json(), date: response.headers.get("date") };
    } catch {
      throw new CliError("bad_response", `${this.#url}${path} did not answer with JSON: is it a Faramesh gate?`);
    }
  }

  async #fetch(method: string, path: string, body: object | undefined, timeoutMs: number): Promise<Response> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#apiKey !== undefined) headers["authorization"] = `Bearer ${this.#apiKey}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await fetch(this.#url + path, {
        method,
        headers,
        // A key must not follow a redirect to somewhere else.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new CliError("unreachable", `cannot reach the gate at ${this.#url}: ${rootMessage(error)}`);
    }
  }
}

function problemError(answer: Answer): CliError {
  const problem = answer.body as Partial<Problem> | null;
  const message = problem?.detail ?? problem?.title ?? `the gate answered ${answer.status}`;
  const code = problem?.code ?? "bad_response";
  return new CliError(code, message, { faults: problem?.errors ?? [], hint: HINTS[code] });
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== "" ? error.cause.message : error.message;
}
