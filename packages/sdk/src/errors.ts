import type { Action, ErrorCode, Fault, Problem, Status } from "@faramesh/protocol";

/** Codes of failures that the client sees itself, beside the gate's own {@link ErrorCode}s. */
export type ClientErrorCode =
  | "unreachable"
  | "timeout"
  | "bad_response"
  | "not_configured"
  | "action_denied"
  | "approval_required"
  | "approval_timeout"
  | "completion_timeout";

/** Programs match on this, never on a message. A newer gate may send a word that is not listed yet. */
export type FarameshErrorCode = ErrorCode | ClientErrorCode | (string & Record<never, never>);

/** What may be known about a failure beside its message. */
export interface FarameshErrorDetails {
  code: FarameshErrorCode;
  status?: number | undefined;
  requestId?: string | undefined;
  problem?: Problem | undefined;
  cause?: unknown;
}

/** The base of everything this package throws. No message, and nothing an error shows when logged, holds a secret. */
export class FarameshError extends Error {
  override readonly name: string = "FarameshError";
  readonly code: FarameshErrorCode;
  /** The HTTP status of the gate's answer, where there was one. */
  readonly status: number | undefined;
  /** The gate's name for the request, to be found in its log. */
  readonly requestId: string | undefined;
  /** The gate's whole answer (RFC 9457), where there was one. */
  readonly problem: Problem | undefined;

  constructor(message: string, details: FarameshErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.problem = details.problem;
  }
}

/** The client's own settings cannot be used: a malformed URL, or a key that would travel unprotected. */
export class FarameshConfigError extends FarameshError {
  override readonly name: string = "FarameshConfigError";

  constructor(message: string) {
    super(message, { code: "not_configured" });
  }
}

/**
 * No usable answer came from the gate, so nothing may run: code `unreachable`, `timeout` or `bad_response` (something
 * answered, but not in words that are understood).
 */
export class FarameshConnectionError extends FarameshError {
  override readonly name: string = "FarameshConnectionError";
}

/** 401: no key, or one that is unknown or revoked. */
export class UnauthorizedError extends FarameshError {
  override readonly name: string = "UnauthorizedError";
}

/** 403: this principal may not do that. */
export class ForbiddenError extends FarameshError {
  override readonly name: string = "ForbiddenError";
}

/** 404: nothing there, or nothing this principal may see. */
export class NotFoundError extends FarameshError {
  override readonly name: string = "NotFoundError";
}

/** 409: the action is past that point. */
export class ConflictError extends FarameshError {
  override readonly name: string = "ConflictError";
  /** The action's present status, where the gate says it. */
  readonly actionStatus: Status | undefined;

  constructor(message: string, details: FarameshErrorDetails & { actionStatus?: Status | undefined }) {
    super(message, details);
    this.actionStatus = details.actionStatus;
  }
}

/** Another 4xx, or an argument that cannot be sent: a query, header or body that is not accepted. */
export class InvalidRequestError extends FarameshError {
  override readonly name: string = "InvalidRequestError";
  /** Each fault with its place. */
  readonly errors: readonly Fault[];

  constructor(message: string, details: FarameshErrorDetails & { errors?: readonly Fault[] | undefined }) {
    super(message, details);
    this.errors = details.errors ?? [];
  }
}

/** 422 `invalid_action`: the action is not valid; `errors` names the path. Thrown before sending where that is seen. */
export class InvalidActionError extends InvalidRequestError {
  override readonly name: string = "InvalidActionError";
}

/** The permit does not prove that this call may run now. */
export class InvalidPermitError extends FarameshError {
  override readonly name: string = "InvalidPermitError";
}

/** 429: too many requests. */
export class RateLimitedError extends FarameshError {
  override readonly name: string = "RateLimitedError";
  /** How long to leave the gate alone, where it says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, details: FarameshErrorDetails & { retryAfterSeconds?: number | undefined }) {
    super(message, details);
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** 5xx: the gate failed; nothing was granted. */
export class ServerError extends FarameshError {
  override readonly name: string = "ServerError";
  /** How long to leave the gate alone, where it says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, details: FarameshErrorDetails & { retryAfterSeconds?: number | undefined }) {
    super(message, details);
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/**
 * The gate answered, and the answer is that the action may not run now. The action is reached by a getter, so that a
 * logged error does not show its params or its approval token.
 */
export class ActionError extends FarameshError {
  override readonly name: string = "ActionError";
  readonly actionId: string;
  readonly #action: Action;

  constructor(message: string, code: ClientErrorCode, action: Action) {
    super(message, { code });
    this.actionId = action.id;
    this.#action = action;
  }

  /** The action as the gate answered it. */
  get action(): Action {
    return this.#action;
  }
}

/** The policy denied the action, a person rejected it, it was cancelled, or its time was over. It will not run. */
export class ActionDenied extends ActionError {
  override readonly name: string = "ActionDenied";

  constructor(action: Action) {
    super(deniedMessage(action), "action_denied", action);
  }
}

/** A person rejected the action. */
export class ApprovalRejected extends ActionDenied {
  override readonly name: string = "ApprovalRejected";
}

/** Nobody approved the action in time. */
export class ApprovalExpired extends ActionDenied {
  override readonly name: string = "ApprovalExpired";
}

/** A person has to approve the action first. It did not run. */
export class ApprovalRequired extends ActionError {
  override readonly name: string = "ApprovalRequired";

  constructor(action: Action, message: string = heldMessage(action), code: ClientErrorCode = "approval_required") {
    super(message, code, action);
  }

  /** The action's approval token, where this key may have it. It approves: keep it out of logs and prompts. */
  get token(): string | undefined {
    return this.action.approval_token;
  }
}

/** Nobody decided while the caller waited. The action did not run, and may still be approved or rejected later. */
export class ApprovalTimeout extends ApprovalRequired {
  override readonly name: string = "ApprovalTimeout";

  constructor(action: Action) {
    super(action, `The wait for an approval is over. ${heldMessage(action)}`, "approval_timeout");
  }
}

/** The action did not come to its end while the caller waited. */
export class CompletionTimeout extends ActionError {
  override readonly name: string = "CompletionTimeout";

  constructor(action: Action) {
    super(`The wait is over; action ${action.id} is still ${action.status}.`, "completion_timeout", action);
  }
}

/** The error for an action that is `denied`, `expired` or `cancelled`. */
export function deniedError(action: Action): ActionDenied {
  if (action.status === "expired") return new ApprovalExpired(action);
  return action.reason_code === "HUMAN_REJECTED" ? new ApprovalRejected(action) : new ActionDenied(action);
}

function deniedMessage(action: Action): string {
  const call = `${action.tool} ${action.operation}`;
  return (
    `${whatHappened(action, call)}: ${action.approval?.note ?? action.reason} (${action.reason_code}). ` +
    `It did not run; do not try the same call again. Action ${action.id}.`
  );
}

function whatHappened(action: Action, call: string): string {
  if (action.status === "expired") return `Nobody approved ${call} in time, so it may not run`;
  if (action.status === "cancelled") return `${call} was cancelled, so it may not run`;
  return action.reason_code === "HUMAN_REJECTED" ? `A person rejected ${call}` : `The policy denied ${call}`;
}

function heldMessage(action: Action): string {
  const approvers = action.approval?.approvers ?? [];
  const who = approvers.length > 0 ? approvers.join(", ") : "an approver";
  const until = action.approval?.expires_at ? ` until ${action.approval.expires_at}` : "";
  return (
    `${action.tool} ${action.operation} is held for approval by ${who}${until}: ${action.reason} ` +
    `(${action.reason_code}). It did not run. Action ${action.id}; give waitSeconds to wait for the answer.`
  );
}
