-- Times are milliseconds since the epoch. JSON columns hold canonical JSON (RFC 8785).

CREATE TABLE actions (
  -- In the order of the ids: their time, and the 21 bits behind it.
  place                  INTEGER NOT NULL PRIMARY KEY,
  id                     TEXT    NOT NULL UNIQUE,
  agent_id               TEXT    NOT NULL,
  tool                   TEXT    NOT NULL,
  operation              TEXT    NOT NULL,
  params                 TEXT    NOT NULL,
  context                TEXT,
  status                 TEXT    NOT NULL CHECK (status IN ('allowed', 'denied', 'pending_approval', 'approved',
                                   'executing', 'succeeded', 'failed', 'expired', 'cancelled', 'unknown')),
  decision               TEXT    NOT NULL CHECK (decision IN ('allow', 'deny', 'require_approval')),
  outcome                TEXT    NOT NULL CHECK (outcome IN ('EXECUTE', 'ABSTAIN', 'HALT')),
  reason_code            TEXT    NOT NULL,
  reason                 TEXT    NOT NULL,
  rule_id                TEXT,
  risk_level             TEXT    NOT NULL CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
  request_hash           TEXT    NOT NULL CHECK (length(request_hash) = 64),
  policy_id              TEXT,
  policy_version         INTEGER,
  policy_hash            TEXT,
  runtime_version        TEXT    NOT NULL,
  provenance_id          TEXT    NOT NULL,
  submitted_by           TEXT    NOT NULL,
  approvers              TEXT    NOT NULL DEFAULT '[]',
  exclude_submitter      INTEGER NOT NULL DEFAULT 0,
  approval_expires_at_ms INTEGER,
  approval_token_hash    TEXT,
  decided_by             TEXT    NOT NULL DEFAULT '[]',
  approval_note          TEXT,
  claimable_until_ms     INTEGER,
  claimed_by             TEXT,
  lease_expires_at_ms    INTEGER,
  permit_jti             TEXT,
  permit_expires_at_ms   INTEGER,
  permit_consumed_at_ms  INTEGER,
  result                 TEXT,
  error                  TEXT,
  meta                   TEXT,
  report_hash            TEXT,
  ledger_index           INTEGER NOT NULL,
  version                INTEGER NOT NULL CHECK (version >= 1),
  created_at_ms          INTEGER NOT NULL,
  updated_at_ms          INTEGER NOT NULL,
  CHECK (status <> 'pending_approval' OR approval_expires_at_ms IS NOT NULL),
  CHECK (status <> 'executing' OR (claimed_by IS NOT NULL AND lease_expires_at_ms IS NOT NULL)),
  CHECK (outcome = 'EXECUTE' OR decision <> 'allow')
) STRICT;

-- Every index ends with the place, so each is in the order of creation, too.
CREATE INDEX actions_by_status ON actions (status);
CREATE INDEX actions_awaiting ON actions (approval_expires_at_ms) WHERE status = 'pending_approval';
CREATE INDEX actions_leased ON actions (lease_expires_at_ms) WHERE status = 'executing';

-- What actions are found by: their words, and their fields that never change. A row's id is the action's place.
CREATE VIRTUAL TABLE action_terms USING fts5(
  terms, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '=%-._~'"
);

-- Its parts are joined little by little, by whoever writes, and not at times of its own choice for as long as it takes.
INSERT INTO action_terms (action_terms, rank) VALUES ('automerge', 0), ('crisismerge', 64), ('deletemerge', 0);

CREATE TABLE idempotency_keys (
  principal_id  TEXT    NOT NULL,
  key           TEXT    NOT NULL,
  fingerprint   TEXT    NOT NULL,
  subject_id    TEXT    NOT NULL,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (principal_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at_ms);

-- One row: what puts the writes in order. Never goes back.
CREATE TABLE ledger_head (
  id            INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  size          INTEGER NOT NULL CHECK (size >= first_index),
  subtrees      BLOB    NOT NULL,
  -- The newest entry that changed what actions are decided by: a policy, an agent's stop, a key.
  rules_index   INTEGER NOT NULL,
  -- The newest size in ledger_frontiers.
  frontier_size INTEGER NOT NULL,
  -- Entries below it were pruned.
  first_index   INTEGER NOT NULL CHECK (first_index >= 0)
) STRICT;

INSERT INTO ledger_head (id, size, subtrees, rules_index, frontier_size, first_index) VALUES (1, 0, x'', -1, 0, 0);

CREATE TRIGGER ledger_head_never_goes_back BEFORE UPDATE ON ledger_head
WHEN NEW.size < OLD.size OR NEW.first_index < OLD.first_index
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_head_is_never_removed BEFORE DELETE ON ledger_head
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE ledger_entries (
  idx           INTEGER NOT NULL PRIMARY KEY CHECK (idx >= 0),
  leaf          TEXT    NOT NULL,
  leaf_hash     BLOB    NOT NULL CHECK (length(leaf_hash) = 32),
  root          BLOB    NOT NULL CHECK (length(root) = 32),
  action_id     TEXT
) STRICT;

CREATE INDEX ledger_entries_by_action ON ledger_entries (action_id, idx) WHERE action_id IS NOT NULL;

CREATE TRIGGER ledger_entries_are_never_changed BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER ledger_entries_are_never_removed BEFORE DELETE ON ledger_entries
WHEN OLD.idx >= (SELECT first_index FROM ledger_head)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- The tree's right edge after a commit, every 256 leaves or so: a start checks the tail without reading the whole ledger.
CREATE TABLE ledger_frontiers (
  size     INTEGER NOT NULL PRIMARY KEY,
  subtrees BLOB    NOT NULL
) STRICT;

-- The last pruning, and those before it whose rows are still being removed: the ledger is made to begin later first.
CREATE TABLE prunings (
  -- The entry that recorded it.
  ledger_index INTEGER NOT NULL PRIMARY KEY,
  -- Actions that nothing happened to since this time go.
  before_ms    INTEGER NOT NULL,
  -- Whether nothing of it is left.
  has_ended    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE api_keys (
  id              TEXT    NOT NULL PRIMARY KEY,
  name            TEXT    NOT NULL,
  role            TEXT    NOT NULL CHECK (role IN ('agent', 'approver', 'developer', 'auditor', 'admin')),
  agents          TEXT    NOT NULL DEFAULT '[]',
  key_hash        TEXT    NOT NULL CHECK (length(key_hash) = 64),
  created_at_ms   INTEGER NOT NULL,
  created_by      TEXT    NOT NULL,
  last_used_at_ms INTEGER,
  revoked_at_ms   INTEGER
) STRICT;

CREATE TABLE agents (
  agent_id        TEXT    NOT NULL PRIMARY KEY,
  actions         INTEGER NOT NULL DEFAULT 0,
  last_seen_at_ms INTEGER,
  disabled_at_ms  INTEGER,
  disabled_by     TEXT,
  reason          TEXT
) STRICT, WITHOUT ROWID;

-- What the params of tools look like. Null where it is not known any more.
CREATE TABLE tool_schemas (
  tool             TEXT NOT NULL,
  -- Empty for every operation.
  operation        TEXT NOT NULL,
  schema           TEXT,
  registered_at_ms INTEGER NOT NULL,
  registered_by    TEXT NOT NULL,
  PRIMARY KEY (tool, operation)
) STRICT, WITHOUT ROWID;

-- Every version of every policy, active or not.
CREATE TABLE policies (
  id            TEXT    NOT NULL,
  version       INTEGER NOT NULL CHECK (version >= 1),
  -- Over what it means, what its packs bring included.
  hash          TEXT    NOT NULL,
  source        TEXT    NOT NULL,
  -- The texts of the packs that it extends, by name: what it means must not change with a release.
  packs         TEXT    NOT NULL,
  -- The file of tests beside it, and a hash over all its tests.
  tests         TEXT,
  tests_hash    TEXT    NOT NULL,
  -- The agents it is for: a sorted list of names and globs, empty for every agent.
  applies_to    TEXT    NOT NULL,
  note          TEXT,
  created_at_ms INTEGER NOT NULL,
  created_by    TEXT    NOT NULL,
  -- The entry that recorded it.
  ledger_index  INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- Which policy decides for which agents, from when on: of each scope the newest row counts.
CREATE TABLE policy_activations (
  -- SHA-256 of the `applies_to` of the policies that it is about.
  scope          TEXT    NOT NULL CHECK (length(scope) = 64),
  -- The entry that recorded it: which came last is told by the ledger, not by a clock.
  ledger_index   INTEGER NOT NULL,
  -- Null where nothing decides for the scope any more.
  policy_id      TEXT,
  policy_version INTEGER,
  note           TEXT,
  at_ms          INTEGER NOT NULL,
  by_whom        TEXT    NOT NULL,
  PRIMARY KEY (scope, ledger_index),
  CHECK ((policy_id IS NULL) = (policy_version IS NULL)),
  FOREIGN KEY (policy_id, policy_version) REFERENCES policies (id, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX policy_activations_by_age ON policy_activations (ledger_index);

-- Written to see whether the disk takes a page; what it holds means nothing.
CREATE TABLE probe (
  id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  beat INTEGER NOT NULL
) STRICT;

INSERT INTO probe (id, beat) VALUES (1, 0);
