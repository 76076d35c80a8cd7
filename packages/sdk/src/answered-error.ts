import { type Fault, type Problem, STATUSES, type Status } from "@faramesh/protocol";
import {
  ConflictError,
  type FarameshError,
  type FarameshErrorDetails,
  ForbiddenError,
  InvalidActionError,
  InvalidPermitError,
  InvalidRequestError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
} from "./errors.js";
import { isObject } from "./read-answer.js";

const MESSAGE_CHARS_MAX = 2_000;

const NO_KEY = "No key was sent: set FARAMESH_API_KEY, or pass apiKey to createClient";

/**
 * The error that an answer of 4xx or 5xx stands for. The class follows the HTTP status, so that an answer that is not
 * a problem document (a proxy's page, say) gets the right one too.
 *
 * @param lacksKey - Whether a key should have been sent and none is set: then a 401 says how to set one.
 */
export function answeredError(status: number, headers: Headers, text: string, lacksKey: boolean): FarameshError {
  const problem = parsedProblem(text);
  const details = problemDetails(status, problem);
  const message = problemMessage(lacksKey && status === 401 ? NO_KEY : said(status, problem), details);
  const retryAfterSeconds = readRetryAfter(headers.get("retry-after"));
  if (status === 401) return new UnauthorizedError(message, details);
  if (status === 403) return new ForbiddenError(message, details);
  if (status === 404) return new NotFoundError(message, details);
  if (status === 409) return new ConflictError(message, { ...details, actionStatus: actionStatus(problem) });
  if (status === 429) return new RateLimitedError(message, { ...details, retryAfterSeconds });
  if (status >= 500) return new ServerError(message, { ...details, retryAfterSeconds });
  if (details.code === "invalid_permit") return new InvalidPermitError(message, details);
  const errors = faultsOf(problem);
  return details.code === "invalid_action"
    ? new InvalidActionError(message, { ...details, errors })
    : new InvalidRequestError(message, { ...details, errors });
}

/** Seconds of a `Retry-After` header (RFC 9110, 10.2.3), which is a number or a date. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - Date.now()) / 1000);
}

function parsedProblem(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function problemDetails(status: number, problem: Readonly<Record<string, unknown>>): FarameshErrorDetails {
  const code = textOf(problem["code"]);
  return {
    code: code ?? `http_${status}`,
    status,
    requestId: textOf(problem["request_id"]),
    problem: code === undefined ? undefined : (problem as unknown as Problem),
  };
}

function said(status: number, problem: Readonly<Record<string, unknown>>): string {
  return textOf(problem["detail"]) ?? textOf(problem["title"]) ?? `The gate answered with HTTP ${status}`;
}

function problemMessage(sentence: string, { code, requestId }: FarameshErrorDetails): string {
  const request = requestId === undefined ? "" : `, request ${requestId}`;
  return `${sentence.slice(0, MESSAGE_CHARS_MAX)} (${code}${request})`;
}

function actionStatus(problem: Readonly<Record<string, unknown>>): Status | undefined {
  return STATUSES.find((status) => status === problem["action_status"]);
}

function faultsOf(problem: Readonly<Record<string, unknown>>): Fault[] {
  const errors = problem["errors"];
  return Array.isArray(errors) ? errors.filter(isFault) : [];
}

function isFault(value: unknown): value is Fault {
  return isObject(value) && ["path", "code", "message"].every((name) => typeof value[name] === "string");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
