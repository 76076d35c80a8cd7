import type { EntryDraft } from "@faramesh/core";
import { v7 as uuidv7 } from "uuid";
import type {
  ActionFilter,
  ActionStep,
  Change,
  FirstRow,
  IdempotencyClaim,
  NewAction,
  PolicyChange,
} from "../../src/store/store.js";

/** Who does what tests do. */
export const ACTOR = { id: "k1", name: "tester", via: "key" } as const;

/** Decided by the newest rules, whichever they are. */
const NEWEST = Number.MAX_SAFE_INTEGER;

let sequence = 0;

/** An id from a time, unlike every other one and above those from the same time before. */
function idAt(ms: number): string {
  return uuidv7({ msecs: ms, seq: ++sequence * 2 ** 11, random: new Uint8Array(16) });
}

/** A decided action with everything a store needs, unlike every other one. */
export function newAction(fields: Partial<FirstRow> = {}, idempotency: IdempotencyClaim | null = null): NewAction {
  const createdAtMs = fields.created_at_ms ?? 1_000 + sequence;
  const row = {
    id: idAt(createdAtMs),
    agent_id: "agent",
    tool: "shell",
    operation: "exec",
    params: '{"cmd":"ls"}',
    context: null,
    status: "allowed",
    decision: "allow",
    outcome: "EXECUTE",
    reason_code: "POLICY_ALLOW",
    reason: "because",
    rule_id: "r1",
    risk_level: "low",
    request_hash: "ab".repeat(32),
    policy_id: "p",
    policy_version: 1,
    policy_hash: "cd".repeat(32),
    runtime_version: "faramesh/test",
    provenance_id: "ef".repeat(32),
    submitted_by: "k1",
    approvers: "[]",
    exclude_submitter: 0,
    approval_expires_at_ms: null,
    approval_token_hash: null,
    claimable_until_ms: 9_000,
    version: 1,
    created_at_ms: createdAtMs,
    updated_at_ms: createdAtMs,
    ...fields,
  } satisfies FirstRow;
  return { row, entry: entry(`action.${row.status}`, row.id), idempotency, decidedAt: NEWEST };
}

/** A step to `executing` from a version. */
export function claim(id: string, ifVersion: number, idempotency: IdempotencyClaim | null = null): ActionStep {
  return {
    id,
    ifVersion,
    to: "executing",
    set: { claimed_by: '{"id":"k1"}', lease_expires_at_ms: 5_000 },
    atMs: 2_000,
    entry: entry("action.executing", id),
    idempotency,
    decidedAt: null,
  };
}

/** A version of a policy that decides from now on, unless it says otherwise. */
export function newPolicy(
  { id = "p", version = 1, ...fields }: Partial<PolicyChange["created"] & {}> = {},
  scope = "0".repeat(64),
): Change<PolicyChange> {
  const created = {
    ...{ id, version, hash: "h", source: "s", packs: "{}", tests: null, tests_hash: "t", applies_to: "[]" },
    ...{ note: null, created_at_ms: 1, created_by: "{}", ...fields },
  };
  const activation = { scope, policy_id: id, policy_version: version, note: null, at_ms: 1, by_whom: "{}" };
  const body = { policy_id: id, policy_version: version };
  return {
    row: { created, activations: [activation] },
    entry: { kind: "policy.activated", atMs: created.created_at_ms, actor: ACTOR, body },
    decidedAt: null,
  };
}

function entry(kind: string, id: string): EntryDraft {
  return { kind, atMs: 1_000, actor: ACTOR, body: { action_id: id } };
}

/** A listing without a filter. */
export const EVERYTHING: ActionFilter = {
  status: [],
  agentId: [],
  tool: [],
  operation: [],
  outcome: [],
  riskLevel: [],
  text: null,
  sinceMs: null,
  untilMs: null,
  beforeId: null,
  visibleTo: null,
  limit: 100,
  offset: 0,
};
