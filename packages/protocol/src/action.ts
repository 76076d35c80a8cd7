import { canonicalJson, type JsonObject, type JsonValue } from "./json.js";
import type { Effect, Outcome, ReasonCode, RiskLevel, Status } from "./words.js";

/** What an agent proposes: the body of `POST /v1/actions` and `POST /v1/gate/decide`. */
export interface ActionRequest {
  agent_id: string;
  tool: string;
  operation: string;
  params: JsonObject;
  /** The agent's own word about the circumstances. Left out of the canonical form when not given. */
  context?: JsonObject;
}

const HASHED_FIELDS = ["agent_id", "tool", "operation", "params", "context"] as const;

/**
 * The canonical text of an action (RFC 8785), over the five fields of {@link ActionRequest} and no others; a field
 * that is not given does not appear. `request_hash` is the lower-case hex SHA-256 of its UTF-8 bytes.
 *
 * @param action - A request, or a whole action as the gate answers it.
 * @throws {@link CanonicalJsonError} where a value has no canonical form.
 */
export function canonicalRequest(action: object): string {
  const given = action as Readonly<Record<string, unknown>>;
  const request: Record<string, unknown> = {};
  for (const field of HASHED_FIELDS) {
    if (given[field] !== undefined) request[field] = given[field];
  }
  return canonicalJson(request, 34);
}

/** One step of a policy's evaluation, as `explain` shows it. */
export interface TraceStep {
  rule_id: string;
  /** `skipped`: the index showed that tool or operation cannot match. `not_reached`: an earlier rule answered. */
  result: "matched" | "no_match" | "unknown" | "skipped" | "not_reached";
  effect: Effect;
  /** The first condition that was not met, where `result` is `no_match` or `unknown`. */
  condition?: TraceCondition;
}

/** A condition that failed, with the value that was seen. */
export interface TraceCondition {
  path: string;
  operator: string;
  expected: JsonValue;
  /** Left out when the field is missing. */
  seen?: JsonValue;
  missing?: true;
  why: string;
}

/** What a policy answered about one action. */
export interface Decision {
  outcome: Outcome;
  effect: Effect;
  reason_code: ReasonCode;
  reason: string;
  rule_id: string | null;
  risk_level: RiskLevel;
  request_hash: string;
  policy_id: string | null;
  policy_version: number | null;
  policy_hash: string | null;
  /** What a person's approval needs, when the outcome is `ABSTAIN`. */
  approval?: ApprovalRequirement;
  /** Conditions that came out unknown and so tightened the answer. */
  details?: UnknownCondition[];
  trace?: TraceStep[];
}

/** A condition that could not be evaluated on the value present. */
export interface UnknownCondition {
  rule_id: string;
  path: string;
  operator: string;
  seen: JsonValue;
}

/** What a rule asks of an approval. */
export interface ApprovalRequirement {
  /** Names of principals who may decide; empty means any approver. */
  approvers: string[];
  exclude_submitter: boolean;
  expires_in_seconds: number;
}

/** A decision-only answer adds how to name it: `POST /v1/gate/decide`. */
export interface DecideAnswer extends Decision {
  runtime_version: string;
  provenance_id: string;
}

/** Who did something: never taken from a request body. */
export interface Actor {
  id: string;
  name: string;
  /** How they were known: by an API key, by the action's approval token, or the gate itself. */
  via: "key" | "approval_token" | "no_auth" | "system";
}

/** The state of an action's approval. */
export interface ApprovalState {
  required: boolean;
  approvers: string[];
  quorum: number;
  exclude_submitter: boolean;
  decided_by: Actor[];
  expires_at: string | null;
  note: string | null;
}

/** An action as the gate answers it. Times are RFC 3339 UTC with milliseconds, ids are UUIDv7. */
export interface Action {
  id: string;
  agent_id: string;
  tool: string;
  operation: string;
  params: JsonObject;
  context?: JsonObject;
  status: Status;
  decision: Effect;
  outcome: Outcome;
  reason_code: ReasonCode;
  reason: string;
  rule_id: string | null;
  risk_level: RiskLevel;
  request_hash: string;
  policy_id: string | null;
  policy_version: number | null;
  policy_hash: string | null;
  runtime_version: string;
  provenance_id: string;
  approval: ApprovalState;
  /** Only for principals that may use it, only while `pending_approval`. */
  approval_token?: string;
  /** Who holds the claim, from `executing` on. */
  claimed_by?: Actor;
  lease_expires_at?: string;
  permit_expires_at?: string;
  /** Only in the answer to a claim. */
  permit?: string;
  result?: JsonValue;
  error?: string;
  meta?: JsonObject;
  ledger_index: number;
  version: number;
  created_at: string;
  updated_at: string;
}

/** A decided approval: the body of `POST /v1/actions/{id}/approval`. */
export interface ApprovalAnswer {
  approve: boolean;
  token?: string;
  reason?: string;
}

/** A report: the body of `POST /v1/actions/{id}/result`. */
export interface ResultReport {
  success: boolean;
  result?: JsonValue;
  error?: string;
  meta?: JsonObject;
}
