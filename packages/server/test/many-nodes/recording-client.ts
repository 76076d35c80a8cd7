import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Action, Agent, Status } from "@faramesh/protocol";
import { attempt, changedOf, endingOf, grantOf, type Request, sightingOf } from "./attempt.js";
import type { Args, Ending, History, OperationName, Value } from "./history.js";
import type { Random } from "./random.js";

/** Whom a client asks, as whom, and where it is noted. */
export interface ClientSettings {
  /** The name of its key: the gate's name for it too. */
  readonly name: string;
  readonly apiKey: string;
  readonly url: string;
  /** Whether `store_unavailable` says for certain that nothing was kept. */
  readonly isUnavailableCertain: boolean;
  readonly history: History;
  readonly random: Random;
}

/** What an agent proposes. */
export interface Proposal {
  /** Unique to the request. It stands in the params. */
  readonly mark: string;
  readonly key: string;
  readonly agentId: string;
  readonly tool: string;
  readonly operation: string;
}

/** A claim that was granted. */
export interface Grant {
  readonly jti: string;
  readonly permit: string;
}

/** How long a request is repeated: longer than any fault lasts. */
const PATIENCE_MS = 20_000;
/** How long a client leaves the gate alone at the most when no answer came. */
const PAUSE_MS_MAX = 400;

/** One client of the gate. Every attempt is noted; what was not answered is asked again with the same key. */
export class RecordingClient {
  readonly name: string;
  readonly #settings: ClientSettings;

  constructor(settings: ClientSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  submit({ mark, key, agentId, tool, operation }: Proposal): Promise<Value<"submit"> | null> {
    const body = { agent_id: agentId, tool, operation, params: { mark } };
    const request = { method: "POST", path: "/v1/actions", body, idempotencyKey: key } as const;
    return this.#persist("submit", { key, mark, agentId }, request, changedOf);
  }

  answer(op: "approve" | "reject", actionId: string): Promise<Value<"approve" | "reject"> | null> {
    const key = `${op}-${actionId}`;
    return this.#persist(
      op,
      { actionId, key },
      step(actionId, "approval", { approve: op === "approve" }, key),
      changedOf,
    );
  }

  cancel(actionId: string): Promise<Value<"cancel"> | null> {
    const key = `cancel-${actionId}`;
    return this.#persist("cancel", { actionId, key }, step(actionId, "cancel", {}, key), changedOf);
  }

  /** @param leaseSeconds - null for the gate's default. */
  async claim(actionId: string, leaseSeconds: number | null): Promise<Grant | null> {
    const key = `claim-${leaseSeconds}-${actionId}`;
    const request = step(actionId, "start", leaseSeconds === null ? {} : { lease_seconds: leaseSeconds }, key);
    let permit = "";
    const value = await this.#persist("claim", { actionId, key }, request, (body, headers) => {
      permit = (body as Action).permit ?? "";
      return grantOf(body, headers);
    });
    return value === null ? null : { jti: value.jti, permit };
  }

  report(actionId: string, success: boolean): Promise<Value<"report"> | null> {
    const key = `report-${actionId}`;
    const result = `${this.name} ran ${actionId}`;
    const request = step(actionId, "result", { success, result }, key);
    return this.#persist("report", { actionId, key, success, result }, request, changedOf);
  }

  /** Once: a permit has no key, so whether a lost answer was a yes is not to be told from a second one. */
  consume(actionId: string, { permit, jti }: Grant): Promise<Value<"consume"> | null> {
    const request = { method: "POST", path: "/v1/permits/consume", body: { permit } } as const;
    return this.#once("consume", { actionId, jti }, request, (body) => ({ jti: (body as { jti: string }).jti }));
  }

  read(actionId: string): Promise<Value<"read"> | null> {
    return this.#once("read", { actionId }, { method: "GET", path: `/v1/actions/${actionId}` }, sightingOf);
  }

  /** Asks to be told when the status is another than `known`. */
  wait(actionId: string, known: Status, holdMs: number): Promise<Value<"wait"> | null> {
    const path = `/v1/actions/${actionId}?wait=${holdMs}ms&status=${known}`;
    return this.#once("wait", { actionId, known, holdMs }, { method: "GET", path, holdMs }, sightingOf);
  }

  list(limit: number): Promise<Value<"list"> | null> {
    const request = { method: "GET", path: `/v1/actions?limit=${limit}` } as const;
    return this.#once("list", { limit }, request, (body, { link }) => ({
      rows: (body as unknown[]).map(sightingOf),
      isLast: link === undefined,
    }));
  }

  /** Each attempt is a stop of its own, with a mark of its own. */
  disable(agentId: string, mark: string): Promise<Value<"disable"> | null> {
    const request = { method: "POST", path: `/v1/agents/${agentId}/disable`, body: { reason: mark } } as const;
    return this.#once("disable", { agentId, mark }, request, stoppedOf);
  }

  enable(agentId: string): Promise<Value<"enable"> | null> {
    return this.#once("enable", { agentId }, { method: "POST", path: `/v1/agents/${agentId}/enable` }, stoppedOf);
  }

  /** Repeats a request, with its key, until it is answered. */
  async #persist<Name extends OperationName>(
    op: Name,
    args: Args<Name>,
    request: Request,
    read: Read<Name>,
  ): Promise<Value<Name> | null> {
    const patientUntilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const ending = await this.#attempt(op, args, request, read);
      if (ending.kind === "ok") return ending.value;
      if (!isWorthRepeating(ending) || performance.now() > patientUntilMs) return null;
    }
  }

  async #once<Name extends OperationName>(
    op: Name,
    args: Args<Name>,
    request: Request,
    read: Read<Name>,
  ): Promise<Value<Name> | null> {
    const ending = await this.#attempt(op, args, request, read);
    return ending.kind === "ok" ? ending.value : null;
  }

  async #attempt<Name extends OperationName>(
    op: Name,
    args: Args<Name>,
    request: Request,
    read: Read<Name>,
  ): Promise<Ending<Name>> {
    const { history, url, apiKey, random, isUnavailableCertain } = this.#settings;
    const tell = history.begin(this.name, op, args);
    const ending = endingOf<Name>(await attempt(url, apiKey, request), read, isUnavailableCertain);
    tell(ending);
    if (isWorthRepeating(ending)) await pause(random.below(PAUSE_MS_MAX));
    return ending;
  }
}

type Read<Name extends OperationName> = (body: unknown, headers: IncomingHttpHeaders) => Value<Name>;

function stoppedOf(body: unknown): Value<"disable"> {
  return { isStopped: !(body as Agent).enabled };
}

function step(actionId: string, verb: string, body: object, idempotencyKey: string): Request {
  return { method: "POST", path: `/v1/actions/${actionId}/${verb}`, body, idempotencyKey };
}

function isWorthRepeating(ending: Ending<OperationName>): boolean {
  if (ending.kind === "unknown") return true;
  return ending.kind === "refused" && (ending.code === "rate_limited" || ending.code === "store_unavailable");
}
