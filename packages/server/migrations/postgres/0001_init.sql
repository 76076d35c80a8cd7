-- Times are milliseconds since the epoch. JSON columns hold canonical JSON (RFC 8785).

-- Names and ids compare byte by byte, as in every other store and in the SDKs.
CREATE TABLE actions (
  id                     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  agent_id               TEXT COLLATE "C" NOT NULL,
  tool                   TEXT COLLATE "C" NOT NULL,
  operation              TEXT COLLATE "C" NOT NULL,
  params                 TEXT    NOT NULL,
  context                TEXT,
  status                 TEXT COLLATE "C" NOT NULL CHECK (status IN ('allowed', 'denied', 'pending_approval',
                           'approved', 'executing', 'succeeded', 'failed', 'expired', 'cancelled', 'unknown')),
  decision               TEXT    NOT NULL CHECK (decision IN ('allow', 'deny', 'require_approval')),
  outcome                TEXT    NOT NULL CHECK (outcome IN ('EXECUTE', 'ABSTAIN', 'HALT')),
  reason_code            TEXT    NOT NULL,
  reason                 TEXT    NOT NULL,
  rule_id                TEXT,
  risk_level             TEXT    NOT NULL CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
  request_hash           TEXT    NOT NULL CHECK (length(request_hash) = 64),
  policy_id              TEXT,
  policy_version         BIGINT,
  policy_hash            TEXT,
  runtime_version        TEXT    NOT NULL,
  provenance_id          TEXT    NOT NULL,
  submitted_by           TEXT COLLATE "C" NOT NULL,
  approvers              TEXT    NOT NULL DEFAULT '[]',
  exclude_submitter      INTEGER NOT NULL DEFAULT 0,
  approval_expires_at_ms BIGINT,
  approval_token_hash    TEXT,
  decided_by             TEXT    NOT NULL DEFAULT '[]',
  approval_note          TEXT,
  claimable_until_ms     BIGINT,
  claimed_by             TEXT,
  lease_expires_at_ms    BIGINT,
  permit_jti             TEXT,
  permit_expires_at_ms   BIGINT,
  permit_consumed_at_ms  BIGINT,
  result                 TEXT,
  error                  TEXT,
  meta                   TEXT,
  report_hash            TEXT,
  ledger_index           BIGINT  NOT NULL,
  version                BIGINT  NOT NULL CHECK (version >= 1),
  created_at_ms          BIGINT  NOT NULL,
  updated_at_ms          BIGINT  NOT NULL,
  CHECK (status <> 'pending_approval' OR approval_expires_at_ms IS NOT NULL),
  CHECK (status <> 'executing' OR (claimed_by IS NOT NULL AND lease_expires_at_ms IS NOT NULL)),
  CHECK (outcome = 'EXECUTE' OR decision <> 'allow')
) PARTITION BY RANGE (id);

-- Ids are UUIDv7, so the primary key is also the order of creation, and a range of ids is a stretch of time. Partitions
-- of months are made ahead of time; what fits none of them has a place all the same.
CREATE TABLE actions_elsewhere PARTITION OF actions DEFAULT;

CREATE INDEX actions_by_status ON actions (status, id);
CREATE INDEX actions_awaiting ON actions (approval_expires_at_ms) WHERE status = 'pending_approval';
CREATE INDEX actions_leased ON actions (lease_expires_at_ms) WHERE status = 'executing';

-- What actions are found by: their words, and their fields that never change. Written once, unlike the actions.
CREATE TABLE action_terms (
  id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  terms TSVECTOR NOT NULL
) PARTITION BY RANGE (id);

CREATE TABLE action_terms_elsewhere PARTITION OF action_terms DEFAULT;

CREATE INDEX action_terms_by_term ON action_terms USING gin (terms);

CREATE TABLE idempotency_keys (
  principal_id  TEXT COLLATE "C" NOT NULL,
  key           TEXT COLLATE "C" NOT NULL,
  fingerprint   TEXT   NOT NULL,
  subject_id    TEXT   NOT NULL,
  created_at_ms BIGINT NOT NULL,
  PRIMARY KEY (principal_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at_ms);

-- One row, locked by whoever writes: it is what puts the nodes' writes in order. Never goes back.
CREATE TABLE ledger_head (
  id            INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  size          BIGINT  NOT NULL CHECK (size >= first_index),
  subtrees      BYTEA   NOT NULL,
  -- The newest entry that changed what actions are decided by: a policy, an agent's stop, a key.
  rules_index   BIGINT  NOT NULL,
  -- The newest size in ledger_frontiers.
  frontier_size BIGINT  NOT NULL,
  -- Entries below it were pruned.
  first_index   BIGINT  NOT NULL CHECK (first_index >= 0)
) WITH (fillfactor = 50);

INSERT INTO ledger_head (id, size, subtrees, rules_index, frontier_size, first_index) VALUES (1, 0, '', -1, 0, 0);

CREATE TABLE ledger_entries (
  idx           BIGINT NOT NULL PRIMARY KEY CHECK (idx >= 0),
  leaf          TEXT   NOT NULL,
  leaf_hash     BYTEA  NOT NULL CHECK (length(leaf_hash) = 32),
  root          BYTEA  NOT NULL CHECK (length(root) = 32),
  action_id     TEXT COLLATE "C"
) PARTITION BY RANGE (idx);

CREATE TABLE ledger_entries_elsewhere PARTITION OF ledger_entries DEFAULT;

CREATE INDEX ledger_entries_by_action ON ledger_entries (action_id, idx) WHERE action_id IS NOT NULL;

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;

CREATE FUNCTION refuse_unless_pruned() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF OLD.idx < (SELECT first_index FROM ledger_head WHERE id = 1) THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'the ledger is append-only';
END $$;

CREATE TRIGGER ledger_head_never_goes_back BEFORE UPDATE ON ledger_head FOR EACH ROW
  WHEN (NEW.size < OLD.size OR NEW.first_index < OLD.first_index) EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_head_is_never_removed BEFORE DELETE OR TRUNCATE ON ledger_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_entries_are_never_changed BEFORE UPDATE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_entries_are_never_removed BEFORE DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_pruned();
CREATE TRIGGER ledger_entries_are_never_emptied BEFORE TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- The tree's right edge after a commit, every 256 leaves or so: a start checks the tail without reading the whole ledger.
CREATE TABLE ledger_frontiers (
  size     BIGINT NOT NULL PRIMARY KEY,
  subtrees BYTEA  NOT NULL
);

-- The last pruning, and those before it whose rows are still being removed: the ledger is made to begin later first.
CREATE TABLE prunings (
  -- The entry that recorded it.
  ledger_index BIGINT NOT NULL PRIMARY KEY,
  -- Actions that nothing happened to since this time go.
  before_ms    BIGINT NOT NULL,
  -- Whether nothing of it is left.
  has_ended    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE api_keys (
  id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name            TEXT   NOT NULL,
  role            TEXT   NOT NULL CHECK (role IN ('agent', 'approver', 'developer', 'auditor', 'admin')),
  agents          TEXT   NOT NULL DEFAULT '[]',
  key_hash        TEXT   NOT NULL CHECK (length(key_hash) = 64),
  created_at_ms   BIGINT NOT NULL,
  created_by      TEXT   NOT NULL,
  last_used_at_ms BIGINT,
  revoked_at_ms   BIGINT
);

CREATE TABLE agents (
  agent_id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  actions         BIGINT NOT NULL DEFAULT 0,
  last_seen_at_ms BIGINT,
  disabled_at_ms  BIGINT,
  disabled_by     TEXT,
  reason          TEXT
);

CREATE INDEX agents_by_last_seen ON agents (last_seen_at_ms DESC NULLS LAST, agent_id);
CREATE INDEX agents_disabled ON agents (agent_id) WHERE disabled_at_ms IS NOT NULL;

-- What the params of tools look like. Null where it is not known any more.
CREATE TABLE tool_schemas (
  tool             TEXT COLLATE "C" NOT NULL,
  -- Empty for every operation.
  operation        TEXT COLLATE "C" NOT NULL,
  schema           TEXT,
  registered_at_ms BIGINT NOT NULL,
  registered_by    TEXT NOT NULL,
  PRIMARY KEY (tool, operation)
);

-- Every version of every policy, active or not.
CREATE TABLE policies (
  id            TEXT COLLATE "C" NOT NULL,
  version       BIGINT NOT NULL CHECK (version >= 1),
  -- Over what it means, what its packs bring included.
  hash          TEXT   NOT NULL,
  source        TEXT   NOT NULL,
  -- The texts of the packs that it extends, by name: what it means must not change with a release.
  packs         TEXT   NOT NULL,
  -- The file of tests beside it, and a hash over all its tests.
  tests         TEXT,
  tests_hash    TEXT   NOT NULL,
  -- The agents it is for: a sorted list of names and globs, empty for every agent.
  applies_to    TEXT   NOT NULL,
  note          TEXT,
  created_at_ms BIGINT NOT NULL,
  created_by    TEXT   NOT NULL,
  -- The entry that recorded it.
  ledger_index  BIGINT NOT NULL,
  PRIMARY KEY (id, version)
);

-- Which policy decides for which agents, from when on: of each scope the newest row counts.
CREATE TABLE policy_activations (
  -- SHA-256 of the `applies_to` of the policies that it is about.
  scope          TEXT COLLATE "C" NOT NULL CHECK (length(scope) = 64),
  -- The entry that recorded it: which came last is told by the ledger, not by a clock.
  ledger_index   BIGINT NOT NULL,
  -- Null where nothing decides for the scope any more.
  policy_id      TEXT COLLATE "C",
  policy_version BIGINT,
  note           TEXT,
  at_ms          BIGINT NOT NULL,
  by_whom        TEXT   NOT NULL,
  PRIMARY KEY (scope, ledger_index),
  CHECK ((policy_id IS NULL) = (policy_version IS NULL)),
  FOREIGN KEY (policy_id, policy_version) REFERENCES policies (id, version)
);

CREATE INDEX policy_activations_by_age ON policy_activations (ledger_index);

-- The gate's own secrets, which all nodes share, sealed: what signs permits and derives approval tokens.
CREATE TABLE keyring (
  id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  content TEXT    NOT NULL
);

-- Written to see whether the database takes a row; what it holds means nothing.
CREATE TABLE probe (
  id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  beat BIGINT  NOT NULL
);

INSERT INTO probe (id, beat) VALUES (1, 0);
