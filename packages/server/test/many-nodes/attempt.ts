import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { type Action, ERROR_CODES, type ErrorCode, type Problem, STATUSES, type Status } from "@faramesh/protocol";
import type { Changed, Ending, OperationName, Sighting, Value } from "./history.js";

/** One HTTP request to the gate. */
export interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
  /** Milliseconds the gate is asked to hold the answer. */
  readonly holdMs?: number;
}

/** An answer, or that none came. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: unknown;
      readonly headers: IncomingHttpHeaders;
    }
  | { readonly kind: "lost" };

/** How long a client waits: less than a node may be stopped for, so that requests to a stopped one are asked again. */
const TIMEOUT_MS = 2_000;

/**
 * Sends a request over a connection of its own, so that each goes to another node. By `node:http`, because a run sends
 * thousands and `fetch` takes several times as long for each.
 */
export async function attempt(url: string, apiKey: string, request: Request): Promise<Answer> {
  try {
    const response = await sent(url, apiKey, request);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    if (!response.complete) return { kind: "lost" };
    const body = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
    return { kind: "answered", status: response.statusCode ?? 0, body, headers: response.headers };
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    return { kind: "lost" };
  }
}

async function sent(url: string, apiKey: string, request: Request): Promise<IncomingMessage> {
  const { method, path, body, idempotencyKey, holdMs = 0 } = request;
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${apiKey}`,
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
  };
  const signal = AbortSignal.timeout(TIMEOUT_MS + holdMs);
  const outgoing = httpRequest(`${url}${path}`, { method, headers, agent: false, signal });
  // An error before the answer rejects; one after it ends the answer's body.
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  outgoing.on("error", () => {});
  outgoing.end(text);
  return (await answered)[0];
}

/**
 * What an answer says came of an attempt. A failure that promises nothing leaves it open.
 *
 * @param isUnavailableCertain - Whether `store_unavailable` is such a promise.
 */
export function endingOf<Name extends OperationName>(
  answer: Answer,
  read: (body: unknown, headers: IncomingHttpHeaders) => Value<Name>,
  isUnavailableCertain: boolean,
): Ending<Name> {
  if (answer.kind === "lost") return { kind: "unknown" };
  const { status, body, headers } = answer;
  if (status >= 200 && status < 300) return { kind: "ok", value: read(body, headers) };
  const { code, action_status } = body as Partial<Problem>;
  if (!isKnownCode(code) || code === "internal") return { kind: "unknown" };
  if (code === "store_unavailable" && !isUnavailableCertain) return { kind: "unknown" };
  return { kind: "refused", code, actionStatus: STATUSES.find((word: Status) => word === action_status) ?? null };
}

function isKnownCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && code in ERROR_CODES;
}

/** What an action shows of itself. */
export function sightingOf(body: unknown): Sighting {
  const action = body as Action;
  return {
    id: action.id,
    version: action.version,
    status: action.status,
    outcome: action.outcome,
    requestHash: action.request_hash,
    policyVersion: action.policy_version,
    ledgerIndex: action.ledger_index,
    claimedBy: action.claimed_by?.name ?? null,
  };
}

export function changedOf(body: unknown, headers: IncomingHttpHeaders): Changed {
  return { ...sightingOf(body), replayed: headers["idempotent-replayed"] === "true" };
}

export function grantOf(body: unknown, headers: IncomingHttpHeaders): Value<"claim"> {
  const { permit = "" } = body as Action;
  return { ...changedOf(body, headers), jti: jtiOf(permit) };
}

/** The `jti` of a permit, which is a compact JWS. */
function jtiOf(permit: string): string {
  const payload = Buffer.from(permit.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(payload) as { jti: string }).jti;
}
