import {
  type ActionRequest,
  CanonicalJsonError,
  canonicalJson,
  type Fault,
  type JsonObject,
  LIMITS,
} from "@faramesh/protocol";
import { sha256Hex } from "../sha256.js";
import { InvalidActionError } from "./invalid-action.js";
import { isLongerThan } from "./utf8-length.js";

declare const brand: unique symbol;

/**
 * An action that has its one canonical form. Only {@link canonicalizeAction} makes one, so whoever holds it knows that
 * what is decided, recorded, approved and permitted is the same text. `params` and `context` are the caller's objects
 * and must not be changed any more.
 */
export interface CanonicalAction {
  readonly [brand]: true;
  readonly agent_id: string;
  readonly tool: string;
  readonly operation: string;
  readonly params: JsonObject;
  readonly context: JsonObject | undefined;
  /** `params` in canonical form (RFC 8785). */
  readonly params_json: string;
  readonly context_json: string | null;
  /** Lower-case hex SHA-256 of the canonical action's UTF-8 bytes. */
  readonly request_hash: string;
}

/**
 * Gives an action its canonical form (RFC 8785) and its hash. Nothing in it is altered.
 *
 * @throws {@link InvalidActionError} where a value has no canonical form, or `params` or `context` is over
 *   `LIMITS.paramsBytesMax` bytes.
 */
export function canonicalizeAction(request: ActionRequest): CanonicalAction {
  const { agent_id, tool, operation, params, context } = request;
  const params_json = boundedJson(params, "$.params");
  const context_json = context === undefined ? null : boundedJson(context, "$.context");
  // The five members in the order of RFC 8785, put together from pieces that are needed anyway.
  const text =
    `{"agent_id":${canonicalOrRefused(agent_id, "$.agent_id")}` +
    (context_json === null ? "" : `,"context":${context_json}`) +
    `,"operation":${canonicalOrRefused(operation, "$.operation")},"params":${params_json}` +
    `,"tool":${canonicalOrRefused(tool, "$.tool")}}`;
  const request_hash = sha256Hex(text);
  const action = { agent_id, tool, operation, params, context, params_json, context_json, request_hash };
  return action as CanonicalAction;
}

function boundedJson(value: JsonObject, path: string): string {
  const json = canonicalOrRefused(value, path);
  if (isLongerThan(json, LIMITS.paramsBytesMax)) {
    throw refused(path, "too_large", `is over ${LIMITS.paramsBytesMax} bytes in canonical form`);
  }
  return json;
}

function canonicalOrRefused(value: JsonObject | string, path: string): string {
  try {
    return canonicalJson(value, LIMITS.nestingMax, path);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    throw refused(error.path, "not_canonical", error.message.slice(error.path.length + 2));
  }
}

function refused(path: string, code: string, message: string): InvalidActionError {
  const fault: Fault = { path, code, message };
  return new InvalidActionError([fault]);
}
