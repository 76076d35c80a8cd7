import { EFFECTS, LIMITS, OUTCOMES, REASON_CODES, RISK_LEVELS, ROLES, STATUSES, type Status } from "@faramesh/protocol";
import { type Static, type TSchema, Type } from "typebox";

/** A word out of a closed list. */
export const word = (words: readonly string[]): TSchema => Type.Unsafe<string>({ type: "string", enum: [...words] });
const closed = { additionalProperties: false } as const;
export const nullable = (type: "string" | "integer"): TSchema => Type.Unsafe<unknown>({ type: [type, "null"] });
/** Without control characters, as core reads names. */
export const name = Type.String({
  minLength: 1,
  maxLength: LIMITS.nameCharsMax,
  pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
});
/** Free text without U+0000, which ends a text early in too many places that it goes through. */
export const text = (maxLength: number) => Type.String({ maxLength, pattern: "^[^\\u0000]*$" });
const anyObject = Type.Unsafe<object>({ type: "object", additionalProperties: true });

/**
 * The body of a submission. It is published in the API description; bodies themselves are read by
 * `readActionRequest` of core, which also serves where there is no HTTP.
 */
export const ACTION_REQUEST = Type.Object(
  {
    agent_id: name,
    tool: name,
    operation: Type.Optional(name),
    op: Type.Optional(
      Type.String({ minLength: 1, maxLength: LIMITS.nameCharsMax, description: "instead of operation" }),
    ),
    params: anyObject,
    context: Type.Optional(anyObject),
  },
  { ...closed, title: "ActionRequest" },
);

export const BATCH_REQUEST = Type.Object(
  { actions: Type.Array(Type.Unknown(), { minItems: 1, maxItems: LIMITS.batchActionsMax }) },
  { ...closed, title: "BatchRequest" },
);
export type BatchRequest = Static<typeof BATCH_REQUEST>;

export const APPROVAL = Type.Object(
  {
    approve: Type.Boolean(),
    token: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    reason: Type.Optional(text(LIMITS.reasonCharsMax)),
  },
  { ...closed, title: "ApprovalAnswer" },
);

export const START = Type.Object(
  { lease_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.leaseSecondsMax })) },
  { ...closed, title: "StartRequest" },
);
export type Start = Static<typeof START>;

export const RESULT = Type.Object(
  {
    success: Type.Boolean(),
    result: Type.Optional(Type.Unknown()),
    error: Type.Optional(text(LIMITS.errorCharsMax)),
    meta: Type.Optional(anyObject),
  },
  { ...closed, title: "ResultReport" },
);

export const REASON = Type.Object(
  { reason: Type.Optional(text(LIMITS.reasonCharsMax)) },
  { ...closed, title: "Reason" },
);
export type Reason = Static<typeof REASON>;

export const CONSUME = Type.Object(
  { permit: Type.String({ minLength: 1, maxLength: 8_192 }) },
  { ...closed, title: "ConsumeRequest" },
);
export type Consume = Static<typeof CONSUME>;

export const PRUNE = Type.Object(
  { before: Type.String({ maxLength: 40 }), dry_run: Type.Optional(Type.Boolean()) },
  { ...closed, title: "PruneRequest" },
);
export type Prune = Static<typeof PRUNE>;

export const NEW_KEY = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: LIMITS.keyNameCharsMax, pattern: "^[^\\u0000-\\u001f\\u007f]*$" }),
    role: Type.Unsafe<(typeof ROLES)[number]>({ type: "string", enum: [...ROLES] }),
    agents: Type.Optional(Type.Array(name, { maxItems: LIMITS.keyAgentsMax })),
  },
  { ...closed, title: "ApiKeyRequest" },
);
export type NewKey = Static<typeof NEW_KEY>;

const wait = Type.String({ pattern: "^\\d{1,6}(ms|s)?$", description: "30, 30s or 500ms; at most 60 s" });
const digits = Type.String({ pattern: "^-?\\d{1,15}$", description: "a whole number" });
const flag = Type.Unsafe<string>({ type: "string", enum: ["true", "false", "1", "0"] });
const words = (list: readonly string[]): TSchema =>
  Type.Unsafe<string[]>({ type: "array", items: { type: "string", enum: [...list] }, maxItems: 20 });
const names = Type.Unsafe<string[]>({
  type: "array",
  items: { type: "string", maxLength: LIMITS.nameCharsMax },
  maxItems: 20,
});

export const WAIT_QUERY = Type.Object({ wait: Type.Optional(wait) }, closed);

export const GET_QUERY = Type.Object(
  {
    wait: Type.Optional(wait),
    status: Type.Optional(
      Type.Unsafe<Status>({ type: "string", enum: [...STATUSES], description: "the status the caller knows" }),
    ),
  },
  closed,
);
export type GetQuery = Static<typeof GET_QUERY>;

export const EXPLAIN_QUERY = Type.Object({ explain: Type.Optional(flag) }, closed);

export const LIST_QUERY = Type.Object(
  {
    status: Type.Optional(words(STATUSES)),
    agent_id: Type.Optional(names),
    tool: Type.Optional(names),
    operation: Type.Optional(names),
    outcome: Type.Optional(words(OUTCOMES)),
    risk_level: Type.Optional(words(RISK_LEVELS)),
    q: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    since: Type.Optional(Type.String({ maxLength: 40 })),
    until: Type.Optional(Type.String({ maxLength: 40 })),
    limit: Type.Optional(digits),
    offset: Type.Optional(digits),
    cursor: Type.Optional(Type.String({ pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" })),
  },
  closed,
);
/** {@link LIST_QUERY} as read. */
export interface ListQuery {
  status?: string[];
  agent_id?: string[];
  tool?: string[];
  operation?: string[];
  outcome?: string[];
  risk_level?: string[];
  q?: string;
  since?: string;
  until?: string;
  limit?: string;
  offset?: string;
  cursor?: string;
}

export const EVENTS_QUERY = Type.Object(
  {
    agent_id: Type.Optional(names),
    tool: Type.Optional(names),
    status: Type.Optional(words(STATUSES)),
    after: Type.Optional(digits),
  },
  closed,
);
/** {@link EVENTS_QUERY} as read. */
export interface EventsQuery {
  agent_id?: string[];
  tool?: string[];
  status?: string[];
  after?: string;
}

export const ID_PARAMS = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
export type IdParams = Static<typeof ID_PARAMS>;

export const AGENT_PARAMS = Type.Object({ agent_id: name });
export type AgentParams = Static<typeof AGENT_PARAMS>;

export const ACTOR = Type.Object({ id: Type.String(), name: Type.String(), via: Type.String() });
const decided = {
  outcome: word(OUTCOMES),
  reason_code: word(REASON_CODES),
  reason: Type.String(),
  rule_id: nullable("string"),
  risk_level: word(RISK_LEVELS),
  request_hash: Type.String(),
  policy_id: nullable("string"),
  policy_version: nullable("integer"),
  policy_hash: nullable("string"),
  runtime_version: Type.String(),
  provenance_id: Type.String(),
};

export const ACTION = Type.Object(
  {
    id: Type.String(),
    agent_id: Type.String(),
    tool: Type.String(),
    operation: Type.String(),
    params: anyObject,
    context: Type.Optional(anyObject),
    status: word(STATUSES),
    decision: word(EFFECTS),
    ...decided,
    approval: Type.Object({
      required: Type.Boolean(),
      approvers: Type.Array(Type.String()),
      quorum: Type.Integer(),
      exclude_submitter: Type.Boolean(),
      decided_by: Type.Array(ACTOR),
      expires_at: nullable("string"),
      note: nullable("string"),
    }),
    approval_token: Type.Optional(Type.String()),
    claimed_by: Type.Optional(ACTOR),
    lease_expires_at: Type.Optional(Type.String()),
    permit_expires_at: Type.Optional(Type.String()),
    permit: Type.Optional(Type.String()),
    result: Type.Optional(Type.Unknown()),
    error: Type.Optional(Type.String()),
    meta: Type.Optional(anyObject),
    ledger_index: Type.Integer(),
    version: Type.Integer(),
    created_at: Type.String(),
    updated_at: Type.String(),
  },
  { title: "Action" },
);

export const DECISION = Type.Object(
  { ...decided, effect: word(EFFECTS), trace: Type.Optional(Type.Array(anyObject)) },
  { title: "Decision" },
);

export const EVENT = Type.Object(
  {
    ledger_index: Type.Integer(),
    type: Type.String(),
    at: Type.String(),
    action_id: Type.String(),
    agent_id: Type.String(),
    tool: Type.String(),
    operation: Type.String(),
    status: word(STATUSES),
    outcome: word(OUTCOMES),
    reason_code: word(REASON_CODES),
    reason: Type.String(),
    rule_id: nullable("string"),
    risk_level: word(RISK_LEVELS),
    actor: ACTOR,
    leaf_hash: Type.String(),
  },
  { title: "ActionEvent" },
);

const key = {
  id: Type.String(),
  name: Type.String(),
  role: word(ROLES),
  agents: Type.Array(Type.String()),
  created_at: Type.String(),
  created_by: Type.String(),
  last_used_at: nullable("string"),
  revoked_at: nullable("string"),
};
export const API_KEY = Type.Object(key, { title: "ApiKey" });
export const CREATED_API_KEY = Type.Object({ ...key, key: Type.String() }, { title: "CreatedApiKey" });

export const AGENT = Type.Object(
  {
    agent_id: Type.String(),
    enabled: Type.Boolean(),
    actions: Type.Integer(),
    last_seen_at: nullable("string"),
    disabled_at: nullable("string"),
    disabled_by: nullable("string"),
    reason: nullable("string"),
  },
  { title: "Agent" },
);

export const PRUNED = Type.Object(
  {
    before: Type.String(),
    actions: Type.Integer(),
    entries: Type.Integer(),
    first_index: Type.Integer(),
    root: Type.String(),
    dry_run: Type.Boolean(),
    removed: Type.Boolean(),
  },
  { title: "Pruned" },
);

export const PROBLEM = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    request_id: Type.String(),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), code: Type.String(), message: Type.String() })),
    ),
    action_status: Type.Optional(Type.String()),
  },
  { title: "Problem" },
);

export const BATCH_ANSWER = Type.Object(
  { results: Type.Array(Type.Object({ action: Type.Optional(ACTION), error: Type.Optional(PROBLEM) })) },
  { title: "BatchAnswer" },
);

export const CONSUMED_PERMIT = Type.Object(
  { jti: Type.String(), action_id: Type.String(), consumed_at: Type.String() },
  { title: "ConsumedPermit" },
);

/** A JSON Web Key Set (RFC 7517). */
export const PERMIT_KEYS = Type.Object({ keys: Type.Array(anyObject) }, { title: "JsonWebKeySet" });

export const PRINCIPAL = Type.Object(
  { id: Type.String(), name: Type.String(), role: word(ROLES), agents: Type.Array(Type.String()) },
  { title: "Principal" },
);

export const HEALTH = Type.Object({ status: Type.String() }, { title: "Health" });

const check = Type.Object({ ok: Type.Boolean(), detail: Type.Optional(Type.String()) }, { title: "Check" });
export const READINESS = Type.Object(
  { ready: Type.Boolean(), checks: Type.Object({ store: check, policy: check, ledger: check }) },
  { title: "Readiness" },
);

/** An answer that is no JSON. */
export function textAs(mediaType: string): object {
  return { description: mediaType, content: { [mediaType]: { schema: { type: "string" } } } };
}

export const listOf = (schema: TSchema): TSchema => Type.Array(schema);
