import { InvalidActionError, StrictJsonError } from "@faramesh/core";
import { CanonicalJsonError, ERROR_CODES, type ErrorCode, type Fault, type Problem } from "@faramesh/protocol";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { GateError, type GateErrorDetails, StoreUnavailableError } from "../gate/errors.js";

/** Where what operators should know is written. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** What a stranger is told about an error: its code, a sentence, and what may stand beside them. */
export interface Told extends GateErrorDetails {
  readonly code: ErrorCode;
  readonly detail: string;
}

const RETRY_AFTER_SECONDS = 1;

/** Error codes of the HTTP framework that are the caller's to know. Anything else it says stays inside. */
const FRAMEWORK_CODES: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: "payload_too_large", detail: "the body is over the limit" },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: "unsupported_media_type", detail: "send application/json" },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: "invalid_request",
    detail: "the body is not as long as Content-Length says",
  },
};

/** Reads an error as what may be told. What is not known is `internal`, and nothing of it is told. */
export function tell(error: unknown): Told {
  if (error instanceof GateError) return { code: error.code, detail: error.message, ...error.details };
  if (error instanceof InvalidActionError) return invalidAction(error.faults);
  if (error instanceof StrictJsonError && error.code === "invalid_json")
    return { code: "invalid_json", detail: error.message };
  if (error instanceof StrictJsonError || error instanceof CanonicalJsonError) {
    return invalidAction([{ path: error.path, code: "not_i_json", message: error.message }]);
  }
  if (error instanceof StoreUnavailableError) {
    const detail = "the store cannot be reached; nothing was recorded and nothing was granted";
    return { code: "store_unavailable", detail, retryAfterSeconds: RETRY_AFTER_SECONDS };
  }
  return frameworkError(error as Partial<FastifyError>);
}

/** The fault of a caller that went while it was still sending. Nobody hears of it; it is counted. */
export function brokenOff(): GateError {
  return new GateError("invalid_request", "the request broke off before it was complete");
}

function invalidAction(faults: readonly Fault[]): Told {
  const first = faults[0];
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const detail = first === undefined ? "the action is not valid" : `${first.message}${more}`;
  return { code: "invalid_action", detail, faults };
}

function frameworkError(error: Partial<FastifyError>): Told {
  if (error.validation !== undefined) {
    const faults = error.validation.map((fault) => ({
      path: `$${fault.instancePath.replaceAll("/", ".")}`,
      code: fault.keyword,
      message: `${error.validationContext ?? "request"} ${fault.message ?? "is not valid"}${allowedValues(fault.params)}`,
    }));
    return { code: "invalid_request", detail: faults[0]?.message ?? "the request is not valid", faults };
  }
  return FRAMEWORK_CODES[error.code ?? ""] ?? { code: "internal", detail: "the gate failed; nothing was granted" };
}

function allowedValues(params: Record<string, unknown>): string {
  if (Array.isArray(params["allowedValues"])) return `: ${params["allowedValues"].join(", ")}`;
  if (typeof params["additionalProperty"] === "string") return `: ${params["additionalProperty"]}`;
  return "";
}

/** The problem document (RFC 9457) for what is told. */
export function problemOf(told: Told, requestId: string): Problem {
  const { status, title } = ERROR_CODES[told.code];
  return {
    type: `urn:faramesh:error:${told.code}`,
    title,
    status,
    code: told.code,
    detail: told.detail,
    request_id: requestId,
    ...(told.faults === undefined ? {} : { errors: [...told.faults] }),
    ...(told.actionStatus === undefined ? {} : { action_status: told.actionStatus }),
  };
}

/** An error as it goes over the wire. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Puts an error into an answer; what is `internal` goes to the log, with the request id that the caller is given. */
export function problemAnswer(error: unknown, request_id: string, log: Log): ProblemAnswer {
  const told = tell(error);
  if (told.code === "internal") log.error({ err: error, request_id }, "request failed");
  if (told.code === "store_unavailable") log.warn({ err: error, request_id }, "store unavailable");
  return {
    status: ERROR_CODES[told.code].status,
    headers: {
      ...(told.retryAfterSeconds === undefined ? {} : { "retry-after": String(told.retryAfterSeconds) }),
      ...(told.code === "unauthorized" ? { "www-authenticate": 'Bearer realm="faramesh"' } : {}),
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": request_id,
    },
    body: JSON.stringify(problemOf(told, request_id)),
  };
}

/** Answers an error through the framework. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const { status, headers, body } = problemAnswer(error, request.id, log);
  return reply.code(status).headers(headers).send(Buffer.from(body));
}
