import type { ActionPatch, ActionRow } from "../store.js";

/** Every column of `actions`, in the order of the table; checked against {@link ActionRow} both ways. */
export const ACTION_COLUMNS: readonly (keyof ActionRow)[] = Object.keys({
  id: 1,
  agent_id: 1,
  tool: 1,
  operation: 1,
  params: 1,
  context: 1,
  status: 1,
  decision: 1,
  outcome: 1,
  reason_code: 1,
  reason: 1,
  rule_id: 1,
  risk_level: 1,
  request_hash: 1,
  policy_id: 1,
  policy_version: 1,
  policy_hash: 1,
  runtime_version: 1,
  provenance_id: 1,
  submitted_by: 1,
  approvers: 1,
  exclude_submitter: 1,
  approval_expires_at_ms: 1,
  approval_token_hash: 1,
  decided_by: 1,
  approval_note: 1,
  claimable_until_ms: 1,
  claimed_by: 1,
  lease_expires_at_ms: 1,
  permit_jti: 1,
  permit_expires_at_ms: 1,
  permit_consumed_at_ms: 1,
  result: 1,
  error: 1,
  meta: 1,
  report_hash: 1,
  ledger_index: 1,
  version: 1,
  created_at_ms: 1,
  updated_at_ms: 1,
} satisfies Record<keyof ActionRow, 1>) as (keyof ActionRow)[];

/** Every column, as a listing that joins other tables names it. */
export const LISTED_COLUMNS = ACTION_COLUMNS.map((column) => `actions.${column}`).join(", ");

/** What has come to an action before anybody took a step: nothing. The defaults of the table say the same. */
export const UNTOUCHED = {
  decided_by: "[]",
  approval_note: null,
  claimed_by: null,
  lease_expires_at_ms: null,
  permit_jti: null,
  permit_expires_at_ms: null,
  permit_consumed_at_ms: null,
  result: null,
  error: null,
  meta: null,
  report_hash: null,
} as const satisfies Partial<ActionRow>;

/** Columns that are written with a new action; the others begin as {@link UNTOUCHED}. */
export const FIRST_COLUMNS = ACTION_COLUMNS.filter((column) => !Object.hasOwn(UNTOUCHED, column)) as Exclude<
  keyof ActionRow,
  keyof typeof UNTOUCHED
>[];

/** Columns a step may set; the only names that ever enter an UPDATE. */
export const PATCH_COLUMNS: readonly (keyof ActionPatch)[] = Object.keys({
  reason_code: 1,
  reason: 1,
  decided_by: 1,
  approval_note: 1,
  claimable_until_ms: 1,
  claimed_by: 1,
  lease_expires_at_ms: 1,
  permit_jti: 1,
  permit_expires_at_ms: 1,
  permit_consumed_at_ms: 1,
  result: 1,
  error: 1,
  meta: 1,
  report_hash: 1,
} satisfies Record<keyof ActionPatch, 1>) as (keyof ActionPatch)[];
