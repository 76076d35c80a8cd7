import type { ComparedDecision, PolicyDiff, RuleSummary } from "@faramesh/core";
import type { Actor, Agent, ApiKey, CreatedApiKey, Problem, Role } from "@faramesh/protocol";
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

/** One version of a policy. */
export interface PolicyVersion {
  id: string;
  version: number;
  hash: string;
  /** Names and globs; empty for every agent. */
  applies_to: string[];
  active: boolean;
  note: string | null;
  created_at: string;
  created_by: Actor;
}

/** `GET /v1/policies`: the newest version of each. */
export interface ListedPolicy extends PolicyVersion {
  active_version: number | null;
}

/** `POST /v1/policies`. */
export interface CreatedPolicy extends PolicyVersion {
  created: boolean;
  activated: boolean;
}

/** `GET /v1/policy-activations`; without a policy where none decides any more. */
export interface PolicyActivation {
  policy_id: string | null;
  policy_version: number | null;
  note: string | null;
  at: string;
  by: Actor;
  ledger_index: number;
}

/** One side of a comparison: a text or a version. */
export type PolicySide = { source: string } | { id: string; version: number };

/** `POST /v1/policies/diff`. */
export interface PolicyDiffAnswer extends PolicyDiff {
  decisions?: {
    compared: number;
    changed: {
      action_id: string;
      agent_id: string;
      tool: string;
      operation: string;
      before: ComparedDecision;
      after: ComparedDecision;
      direction: "looser" | "stricter" | "same";
    }[];
  };
}

/** `GET /v1/tools`. */
export interface RegisteredTool {
  tool: string;
  operation: string | null;
  schema: object;
  registered_at: string;
  registered_by: Actor;
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

  listPolicies(): Promise<ListedPolicy[]> {
    return this.#ask<ListedPolicy[]>("GET", "/v1/policies");
  }

  policyVersions(id: string): Promise<PolicyVersion[]> {
    return this.#ask<PolicyVersion[]>("GET", `/v1/policies/${encodeURIComponent(id)}/versions`);
  }

  policyActivations(query: { policy_id?: string; limit?: number }): Promise<PolicyActivation[]> {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) words.set(name, String(value));
    return this.#ask<PolicyActivation[]>("GET", `/v1/policy-activations?${words.toString()}`);
  }

  createPolicy(policy: { source: string; tests?: string; note?: string; activate?: boolean }): Promise<CreatedPolicy> {
    return this.#ask<CreatedPolicy>("POST", "/v1/policies", policy);
  }

  activatePolicy(id: string, version: number, note: string | undefined): Promise<PolicyVersion> {
    return this.#changePolicy(id, "activate", { version, ...(note !== undefined && { note }) });
  }

  rollBackPolicy(id: string, note: string | undefined): Promise<PolicyVersion> {
    return this.#changePolicy(id, "rollback", note === undefined ? {} : { note });
  }

  deactivatePolicy(id: string, note: string | undefined): Promise<PolicyVersion> {
    return this.#changePolicy(id, "deactivate", note === undefined ? {} : { note });
  }

  /** Without `before`, from the policy that decides now. */
  diffPolicies(request: { before?: PolicySide; after: PolicySide; actions?: number }): Promise<PolicyDiffAnswer> {
    return this.#ask<PolicyDiffAnswer>("POST", "/v1/policies/diff", request);
  }

  listTools(): Promise<RegisteredTool[]> {
    return this.#ask<RegisteredTool[]>("GET", "/v1/tools");
  }

  registerTools(tools: readonly { tool: string; operation?: string; schema: object }[]): Promise<RegisteredTool[]> {
    return this.#ask<RegisteredTool[]>("POST", "/v1/tools", { tools });
  }

  removeTool(tool: string, operation: string | undefined): Promise<RegisteredTool> {
    const query = operation === undefined ? "" : `?operation=${encodeURIComponent(operation)}`;
    return this.#ask<RegisteredTool>("DELETE", `/v1/tools/${encodeURIComponent(tool)}${query}`);
  }

  whoami(): Promise<WhoAmI> {
    return this.#ask<WhoAmI>("GET", "/v1/whoami");
  }

  #changePolicy(id: string, verb: string, body: object): Promise<PolicyVersion> {
    return this.#ask<PolicyVersion>("POST", `/v1/policies/${encodeURIComponent(id)}/${verb}`, body);
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
