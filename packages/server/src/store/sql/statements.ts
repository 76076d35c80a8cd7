import { ACTION_COLUMNS } from "./columns.js";

const COLUMNS = ACTION_COLUMNS.join(", ");

const POLICY_SUMMARY = "id, version, hash, tests_hash, applies_to, note, created_at_ms, created_by, ledger_index";

/** Policies, and versions of one, that are listed. */
const POLICIES_LISTED_MAX = 1_000;

/** What both dialects ask in the same words. `?` stands for a value. */
export const SQL = {
  head: "SELECT size, subtrees, rules_index, frontier_size, first_index FROM ledger_head WHERE id = 1",
  action: `SELECT ${COLUMNS} FROM actions WHERE id = ?`,
  timeline: "SELECT * FROM ledger_entries WHERE action_id = ? ORDER BY idx",
  overdue: `SELECT ${COLUMNS} FROM (SELECT ${COLUMNS}, approval_expires_at_ms AS due FROM actions
                            WHERE status = 'pending_approval' AND approval_expires_at_ms <= ?
                            UNION ALL
                            SELECT ${COLUMNS}, lease_expires_at_ms FROM actions
                            WHERE status = 'executing' AND lease_expires_at_ms <= ?) AS late
             ORDER BY due LIMIT ?`,
  known: "SELECT principal_id, key, fingerprint, subject_id FROM idempotency_keys WHERE principal_id = ? AND key = ?",
  forget: "DELETE FROM idempotency_keys WHERE created_at_ms < ?",
  apiKeys: "SELECT * FROM api_keys ORDER BY created_at_ms, id",
  apiKey: "SELECT * FROM api_keys WHERE id = ?",
  agents: `SELECT * FROM agents ORDER BY disabled_at_ms IS NULL, last_seen_at_ms DESC NULLS LAST, agent_id
            LIMIT 10000`,
  disabledAgents: "SELECT agent_id FROM agents WHERE disabled_at_ms IS NOT NULL",
  agent: "SELECT * FROM agents WHERE agent_id = ?",
  toolSchemas: "SELECT * FROM tool_schemas WHERE schema IS NOT NULL ORDER BY tool, operation",
  policy: "SELECT * FROM policies WHERE id = ? AND version = ?",
  newestPolicy: "SELECT * FROM policies WHERE id = ? ORDER BY version DESC LIMIT 1",
  policies: `SELECT ${POLICY_SUMMARY} FROM policies
              WHERE version = (SELECT max(version) FROM policies AS others WHERE others.id = policies.id)
              ORDER BY id LIMIT ${POLICIES_LISTED_MAX}`,
  policyVersions: `SELECT ${POLICY_SUMMARY} FROM policies WHERE id = ? ORDER BY version DESC LIMIT ${POLICIES_LISTED_MAX}`,
  activePolicies: `SELECT * FROM policy_activations AS newest
                    WHERE policy_id IS NOT NULL
                      AND ledger_index = (SELECT max(ledger_index) FROM policy_activations AS others
                                           WHERE others.scope = newest.scope)
                    ORDER BY ledger_index`,
  activations: "SELECT * FROM policy_activations ORDER BY ledger_index DESC, scope LIMIT ?",
  activationsOf: `SELECT * FROM policy_activations
                   WHERE scope IN (SELECT scope FROM policy_activations WHERE policy_id = ?)
                   ORDER BY ledger_index DESC, scope LIMIT ?`,
  /** An empty transaction commits on a full disk, too; this one has a page to put there. */
  beat: "UPDATE probe SET beat = beat + 1",
  storedEnd: `SELECT size, (SELECT coalesce(max(idx) + 1, first_index) FROM ledger_entries) AS stored
                FROM ledger_head WHERE id = 1`,
  newestFrontier: "SELECT coalesce(max(size), 0) AS size FROM ledger_frontiers",
  frontierUpTo: "SELECT size, subtrees FROM ledger_frontiers WHERE size <= ? ORDER BY size DESC LIMIT 1",
  rootAt: "SELECT root FROM ledger_entries WHERE idx = ?",
  entriesFrom: "SELECT idx, leaf, leaf_hash, root FROM ledger_entries WHERE idx >= ? ORDER BY idx LIMIT ?",
  newestNamed: `SELECT coalesce(max(ledger_index), -1) AS newest
                  FROM (SELECT ledger_index FROM actions ORDER BY id DESC LIMIT 1000) AS recent`,
} as const;
