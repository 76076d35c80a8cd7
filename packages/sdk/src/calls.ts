import {
  type Action,
  type ActionEvent,
  CanonicalJsonError,
  canonicalJson,
  type DecideAnswer,
  LIMITS,
  type Outcome,
  type RiskLevel,
  type Status,
} from "@faramesh/protocol";
import { InvalidActionError, InvalidRequestError } from "./errors.js";
import { type ActionInput, canonicalText } from "./hash.js";
import {
  type BatchResult,
  readAction,
  readActions,
  readBatch,
  readDecision,
  readEvents,
  withTexts,
} from "./read-answer.js";
import type { Call } from "./transport.js";

/** What every call accepts. */
export interface CallOptions {
  /** Ends the call; its reason is thrown. What the gate did with the request by then stands. */
  signal?: AbortSignal | undefined;
}

/** What every call that changes something accepts. */
export interface ChangeOptions extends CallOptions {
  /** 1–255 visible ASCII characters. Made anew for each call when left out, and kept across its retries. */
  idempotencyKey?: string | undefined;
}

/** How long the gate may hold an answer. */
export interface HoldOptions extends CallOptions {
  /** Seconds, at most 60. For longer waits there are `waitForApproval` and `waitForCompletion`. */
  waitSeconds?: number | undefined;
}

/** What is known of an action that is asked for again. */
export interface GetOptions extends HoldOptions {
  /** The status the caller knows: the answer is held only while the action still has it. */
  knownStatus?: Status | undefined;
}

/** A person's answer to an ABSTAIN. */
export interface ApprovalOptions extends ChangeOptions {
  /** The action's approval token. */
  token?: string | undefined;
  /** Kept with the action as `approval.note`. */
  reason?: string | undefined;
}

/** How an action is claimed. */
export interface StartOptions extends ChangeOptions {
  /** Seconds until the claim lapses without a report, 1–86,400. Default 900. */
  leaseSeconds?: number | undefined;
}

/** What came of running an action. */
export interface Report {
  success: boolean;
  /** JSON data, at most 64 KiB in canonical form. */
  result?: unknown;
  /** At most 4,000 characters. */
  error?: string | undefined;
  /** JSON data, at most 64 KiB in canonical form. */
  meta?: object | undefined;
}

/** Which actions to list. A list stands for alternatives. */
export interface ListFilters {
  status?: Status | readonly Status[] | undefined;
  agent_id?: string | readonly string[] | undefined;
  tool?: string | readonly string[] | undefined;
  operation?: string | readonly string[] | undefined;
  outcome?: Outcome | readonly Outcome[] | undefined;
  risk_level?: RiskLevel | readonly RiskLevel[] | undefined;
  /** Words that tool, operation, agent id, reason and params have among them, all of these. */
  q?: string | undefined;
  /** On `created_at`, inclusive. Text is RFC 3339. */
  since?: string | Date | undefined;
  /** On `created_at`, exclusive. Text is RFC 3339. */
  until?: string | Date | undefined;
  /** 1–1000, default 20. */
  limit?: number | undefined;
  /** From {@link ActionPage.nextCursor}. */
  cursor?: string | undefined;
  /** At most 10,000. */
  offset?: number | undefined;
}

/** A page of a list. */
export interface ActionPage {
  actions: Action[];
  /** Leads to the next page; null after the last one. */
  nextCursor: string | null;
}

/** A permit that is used up. */
export interface ConsumedPermit {
  jti: string;
  action_id: string;
  consumed_at: string;
}

const ACTION_FIELDS: ReadonlySet<string> = new Set(["agent_id", "tool", "operation", "params", "context"]);
const NEXT_LINK = /<([^>]*)>\s*;\s*rel="?next"?/;

export function submit(input: ActionInput, options: ChangeOptions & HoldOptions = {}): Call<Action> {
  return submitText(submittedText(input), options);
}

/** @param text - The canonical text of an action, for a caller that has taken it already. */
export function submitText(text: string, options: ChangeOptions & HoldOptions): Call<Action> {
  const holdMs = heldMs(options.waitSeconds);
  return { ...keyed("/v1/actions", text, options), query: waitQuery(holdMs), holdMs };
}

export function submitBatch(inputs: readonly ActionInput[], options: ChangeOptions = {}): Call<BatchResult[]> {
  const body = `{"actions":[${inputs.map(submittedText).join(",")}]}`;
  return { ...keyed("/v1/actions/batch", body, options), read: (answer) => readBatch(answer, inputs.length) };
}

export function getAction(id: string, options: GetOptions = {}): Call<Action> {
  const holdMs = heldMs(options.waitSeconds);
  const query = waitQuery(holdMs);
  if (options.knownStatus !== undefined) query.set("status", options.knownStatus);
  return { ...asking(actionPath(id), options, readAction), query, holdMs };
}

export function listActions(filters: ListFilters = {}, options: CallOptions = {}): Call<ActionPage> {
  const read = (body: unknown, headers: Headers): ActionPage => ({
    actions: readActions(body),
    nextCursor: nextCursor(headers.get("link")),
  });
  return { ...asking("/v1/actions", options, read), query: queryOf(filters) };
}

export function listActionEvents(id: string, options: CallOptions = {}): Call<ActionEvent[]> {
  return asking(`${actionPath(id)}/events`, options, readEvents);
}

export function resolveApproval(id: string, approve: boolean, options: ApprovalOptions = {}): Call<Action> {
  const { token, reason } = options;
  const call = keyed(`${actionPath(id)}/approval`, bodyText({ approve, token, reason }), options);
  return token === undefined ? call : { ...call, keyOptional: true };
}

export function start(id: string, options: StartOptions = {}): Call<Action> {
  return keyed(`${actionPath(id)}/start`, bodyText({ lease_seconds: options.leaseSeconds }), options);
}

export function report(
  id: string,
  { success, result, error, meta }: Report,
  options: ChangeOptions = {},
): Call<Action> {
  return keyed(`${actionPath(id)}/result`, bodyText({ success, result, error, meta }), options);
}

export function cancel(id: string, options: ChangeOptions & { reason?: string | undefined } = {}): Call<Action> {
  return keyed(`${actionPath(id)}/cancel`, bodyText({ reason: options.reason }), options);
}

export function decide(
  input: ActionInput,
  options: CallOptions & { explain?: boolean | undefined } = {},
): Call<DecideAnswer> {
  return {
    ...asking("/v1/gate/decide", options, readDecision),
    method: "POST",
    body: submittedText(input),
    query: new URLSearchParams(options.explain === true ? { explain: "true" } : {}),
  };
}

/** Not repeated once the gate may have seen it: a second time is refused, and would hide that the first one held. */
export function consumePermit(permit: string, options: CallOptions = {}): Call<ConsumedPermit> {
  return {
    method: "POST",
    path: "/v1/permits/consume",
    body: bodyText({ permit }),
    repeatable: false,
    signal: options.signal,
    read: (body) =>
      withTexts(body, ["jti", "action_id", "consumed_at"], "a consumed permit") as unknown as ConsumedPermit,
  };
}

/** Query parameters: nothing for undefined, one for each alternative, dates as RFC 3339. */
export function queryOf(filters: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters) as [string, unknown][]) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) query.append(name, item instanceof Date ? item.toISOString() : String(item));
    }
  }
  return query;
}

/** @throws {@link InvalidRequestError} for an argument that cannot be used. */
export function assertArgument(holds: boolean, message: string): asserts holds {
  if (!holds) throw new InvalidRequestError(message, { code: "invalid_request" });
}

function keyed(path: string, body: string, options: ChangeOptions): Call<Action> {
  const idempotencyKey = options.idempotencyKey ?? globalThis.crypto.randomUUID();
  assertArgument(/^[!-~]{1,255}$/.test(idempotencyKey), "idempotencyKey must be 1 to 255 visible ASCII characters");
  return { method: "POST", path, body, idempotencyKey, repeatable: true, signal: options.signal, read: readAction };
}

function asking<T>(path: string, options: CallOptions, read: Call<T>["read"]): Call<T> {
  return { method: "GET", path, repeatable: true, signal: options.signal, read };
}

function submittedText(input: ActionInput): string {
  const unknown = Object.keys(input).find((name) => !ACTION_FIELDS.has(name));
  if (unknown === undefined) return canonicalText(input);
  const message = "an action has no such field";
  throw new InvalidActionError(`$.${unknown}: ${message}`, {
    code: "invalid_action",
    errors: [{ path: `$.${unknown}`, code: "unknown_field", message }],
  });
}

function bodyText(fields: Readonly<Record<string, unknown>>): string {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  try {
    return canonicalJson(given, LIMITS.nestingMax);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    const fault = { path: error.path, code: "not_canonical", message: error.message };
    throw new InvalidRequestError(error.message, { code: "invalid_request", errors: [fault], cause: error });
  }
}

/** An id cannot lead to another path. */
function actionPath(id: string): string {
  assertArgument(
    typeof id === "string" && /^[^\s/\\]+$/.test(id) && !/^\.{1,2}$/.test(id),
    "the id of an action is needed",
  );
  try {
    return `/v1/actions/${encodeURIComponent(id)}`;
  } catch (error) {
    throw new InvalidRequestError("the id of an action is needed", { code: "invalid_request", cause: error });
  }
}

function heldMs(waitSeconds: number | undefined): number {
  if (waitSeconds === undefined) return 0;
  assertArgument(waitSeconds >= 0, "waitSeconds must be a number of seconds, 0 or more");
  return Math.floor(Math.min(waitSeconds, LIMITS.waitSecondsMax) * 1000);
}

function waitQuery(holdMs: number): URLSearchParams {
  return new URLSearchParams(holdMs > 0 ? { wait: `${holdMs}ms` } : {});
}

function nextCursor(link: string | null): string | null {
  const target = link === null ? undefined : NEXT_LINK.exec(link)?.[1];
  return target === undefined ? null : new URL(target, "http://gate.invalid").searchParams.get("cursor");
}
