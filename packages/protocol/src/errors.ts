/** The one table of error codes: code, HTTP status, title (RFC 9457 `title`). */
export const ERROR_CODES = {
  invalid_json: { status: 400, title: "The body is not JSON" },
  invalid_request: { status: 400, title: "The request is not understood" },
  unauthorized: { status: 401, title: "A valid key is needed" },
  forbidden: { status: 403, title: "This principal may not do that" },
  not_found: { status: 404, title: "There is nothing here" },
  conflict: { status: 409, title: "The action is in another status" },
  already_decided: { status: 409, title: "The approval was already decided" },
  not_claimable: { status: 409, title: "The action cannot be claimed" },
  idempotency_conflict: { status: 409, title: "The idempotency key was used for another request" },
  permit_consumed: { status: 409, title: "The permit was already used" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be application/json" },
  invalid_action: { status: 422, title: "The action is not valid" },
  invalid_policy: { status: 422, title: "The policy is not valid" },
  invalid_permit: { status: 422, title: "The permit is not valid" },
  too_recent: { status: 422, title: "It is too recent to be pruned" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "The gate failed" },
  store_unavailable: { status: 503, title: "The store cannot be reached" },
} as const;

/** A stable error code. Programs match on this, never on a message. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** One fault inside a request: where (`$.params.amount`), a code and a sentence. */
export interface Fault {
  path: string;
  code: string;
  message: string;
}

/** `application/problem+json` (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  request_id: string;
  errors?: Fault[];
  /** On a conflict: the present status of the action. */
  action_status?: string;
}
