import type { ActionRow } from "../store.js";
import { ACTION_COLUMNS, FIRST_COLUMNS, PATCH_COLUMNS } from "./columns.js";

/** What a column holds, in words of both dialects. */
export type ColumnType = "text" | "integer" | "bytes";

/** Rows to add to a table; what a row leaves out has the table's default. */
export interface Insert {
  readonly kind: "insert";
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** What happens to a row that is there already; without it, that is an error. */
  readonly onConflict?: string;
}

/** Rows to change, each told by its keys. */
export interface Update {
  readonly kind: "update";
  readonly table: string;
  readonly keys: Readonly<Record<string, ColumnType>>;
  readonly set: Readonly<Record<string, ColumnType>>;
  /** A number that each write raises by one: a row is written only over the one before it, or the write fails. */
  readonly successor?: string;
}

/** One way rows are written, whatever their number. Each dialect says it in its own words. */
export type RowWrite = Insert | Update;

const NUMBERS = new Set<keyof ActionRow>([
  "policy_version",
  "exclude_submitter",
  "approval_expires_at_ms",
  "claimable_until_ms",
  "lease_expires_at_ms",
  "permit_expires_at_ms",
  "permit_consumed_at_ms",
  "ledger_index",
  "version",
  "created_at_ms",
  "updated_at_ms",
]);

function actionColumns(names: readonly (keyof ActionRow)[]): Record<string, ColumnType> {
  return Object.fromEntries(names.map((name) => [name, NUMBERS.has(name) ? "integer" : "text"]));
}

const PATCHED = ACTION_COLUMNS.filter((column) => (PATCH_COLUMNS as readonly string[]).includes(column));

/** Every way the store writes rows. */
export const ROWS = {
  newAction: { kind: "insert", table: "actions", columns: actionColumns(FIRST_COLUMNS) },
  advancedAction: {
    kind: "update",
    table: "actions",
    keys: { id: "text" },
    successor: "version",
    set: actionColumns([...PATCHED, "status", "updated_at_ms", "ledger_index"]),
  },
  entry: {
    kind: "insert",
    table: "ledger_entries",
    columns: { idx: "integer", leaf: "text", leaf_hash: "bytes", root: "bytes", action_id: "text" },
  },
  frontier: { kind: "insert", table: "ledger_frontiers", columns: { size: "integer", subtrees: "bytes" } },
  idempotencyKey: {
    kind: "insert",
    table: "idempotency_keys",
    columns: { principal_id: "text", key: "text", fingerprint: "text", subject_id: "text", created_at_ms: "integer" },
  },
  seenAgent: {
    kind: "insert",
    table: "agents",
    columns: { agent_id: "text", actions: "integer", last_seen_at_ms: "integer" },
    onConflict: `(agent_id) DO UPDATE SET actions = agents.actions + excluded.actions,
                                          last_seen_at_ms = excluded.last_seen_at_ms`,
  },
  agentStop: {
    kind: "insert",
    table: "agents",
    columns: { agent_id: "text", disabled_at_ms: "integer", disabled_by: "text", reason: "text" },
    onConflict: `(agent_id) DO UPDATE SET disabled_at_ms = excluded.disabled_at_ms,
                                          disabled_by = excluded.disabled_by, reason = excluded.reason`,
  },
  apiKey: {
    kind: "insert",
    table: "api_keys",
    columns: {
      id: "text",
      name: "text",
      role: "text",
      agents: "text",
      key_hash: "text",
      created_at_ms: "integer",
      created_by: "text",
      last_used_at_ms: "integer",
      revoked_at_ms: "integer",
    },
    onConflict: "(id) DO UPDATE SET key_hash = excluded.key_hash, revoked_at_ms = excluded.revoked_at_ms",
  },
  usedApiKey: { kind: "update", table: "api_keys", keys: { id: "text" }, set: { last_used_at_ms: "integer" } },
  toolSchema: {
    kind: "insert",
    table: "tool_schemas",
    columns: {
      tool: "text",
      operation: "text",
      schema: "text",
      registered_at_ms: "integer",
      registered_by: "text",
    },
    onConflict: `(tool, operation) DO UPDATE SET schema = excluded.schema,
                   registered_at_ms = excluded.registered_at_ms, registered_by = excluded.registered_by`,
  },
  policy: {
    kind: "insert",
    table: "policies",
    columns: {
      id: "text",
      version: "integer",
      hash: "text",
      source: "text",
      packs: "text",
      tests: "text",
      tests_hash: "text",
      applies_to: "text",
      note: "text",
      created_at_ms: "integer",
      created_by: "text",
      ledger_index: "integer",
    },
  },
  activation: {
    kind: "insert",
    table: "policy_activations",
    columns: {
      scope: "text",
      ledger_index: "integer",
      policy_id: "text",
      policy_version: "integer",
      note: "text",
      at_ms: "integer",
      by_whom: "text",
    },
  },
  head: {
    kind: "update",
    table: "ledger_head",
    keys: { id: "integer" },
    set: {
      size: "integer",
      subtrees: "bytes",
      rules_index: "integer",
      frontier_size: "integer",
      first_index: "integer",
    },
  },
} as const satisfies Record<string, RowWrite>;
