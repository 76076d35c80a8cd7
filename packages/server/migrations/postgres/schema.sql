-- What the migrations in this folder come to. Written by: node scripts/dump-schemas.mjs

CREATE FUNCTION public.refuse_ledger_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;

CREATE FUNCTION public.refuse_unless_pruned() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
  IF OLD.idx < (SELECT first_index FROM ledger_head WHERE id = 1) THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'the ledger is append-only';
END $$;

CREATE TABLE public.action_terms (
    id text NOT NULL COLLATE pg_catalog."C",
    terms tsvector NOT NULL
)
PARTITION BY RANGE (id);

CREATE TABLE public.action_terms_elsewhere (
    id text NOT NULL COLLATE pg_catalog."C",
    terms tsvector NOT NULL
);

CREATE TABLE public.actions (
    id text NOT NULL COLLATE pg_catalog."C",
    agent_id text NOT NULL COLLATE pg_catalog."C",
    tool text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    params text NOT NULL,
    context text,
    status text NOT NULL COLLATE pg_catalog."C",
    decision text NOT NULL,
    outcome text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    rule_id text,
    risk_level text NOT NULL,
    request_hash text NOT NULL,
    policy_id text,
    policy_version bigint,
    policy_hash text,
    runtime_version text NOT NULL,
    provenance_id text NOT NULL,
    submitted_by text NOT NULL COLLATE pg_catalog."C",
    approvers text DEFAULT '[]'::text NOT NULL,
    exclude_submitter integer DEFAULT 0 NOT NULL,
    approval_expires_at_ms bigint,
    approval_token_hash text,
    decided_by text DEFAULT '[]'::text NOT NULL,
    approval_note text,
    claimable_until_ms bigint,
    claimed_by text,
    lease_expires_at_ms bigint,
    permit_jti text,
    permit_expires_at_ms bigint,
    permit_consumed_at_ms bigint,
    result text,
    error text,
    meta text,
    report_hash text,
    ledger_index bigint NOT NULL,
    version bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    CONSTRAINT actions_check CHECK (((status <> 'pending_approval'::text) OR (approval_expires_at_ms IS NOT NULL))),
    CONSTRAINT actions_check1 CHECK (((status <> 'executing'::text) OR ((claimed_by IS NOT NULL) AND (lease_expires_at_ms IS NOT NULL)))),
    CONSTRAINT actions_check2 CHECK (((outcome = 'EXECUTE'::text) OR (decision <> 'allow'::text))),
    CONSTRAINT actions_decision_check CHECK ((decision = ANY (ARRAY['allow'::text, 'deny'::text, 'require_approval'::text]))),
    CONSTRAINT actions_outcome_check CHECK ((outcome = ANY (ARRAY['EXECUTE'::text, 'ABSTAIN'::text, 'HALT'::text]))),
    CONSTRAINT actions_request_hash_check CHECK ((length(request_hash) = 64)),
    CONSTRAINT actions_risk_level_check CHECK ((risk_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text]))),
    CONSTRAINT actions_status_check CHECK ((status = ANY (ARRAY['allowed'::text, 'denied'::text, 'pending_approval'::text, 'approved'::text, 'executing'::text, 'succeeded'::text, 'failed'::text, 'expired'::text, 'cancelled'::text, 'unknown'::text]))),
    CONSTRAINT actions_version_check CHECK ((version >= 1))
)
PARTITION BY RANGE (id);

CREATE TABLE public.actions_elsewhere (
    id text NOT NULL COLLATE pg_catalog."C",
    agent_id text NOT NULL COLLATE pg_catalog."C",
    tool text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    params text NOT NULL,
    context text,
    status text NOT NULL COLLATE pg_catalog."C",
    decision text NOT NULL,
    outcome text NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    rule_id text,
    risk_level text NOT NULL,
    request_hash text NOT NULL,
    policy_id text,
    policy_version bigint,
    policy_hash text,
    runtime_version text NOT NULL,
    provenance_id text NOT NULL,
    submitted_by text NOT NULL COLLATE pg_catalog."C",
    approvers text DEFAULT '[]'::text NOT NULL,
    exclude_submitter integer DEFAULT 0 NOT NULL,
    approval_expires_at_ms bigint,
    approval_token_hash text,
    decided_by text DEFAULT '[]'::text NOT NULL,
    approval_note text,
    claimable_until_ms bigint,
    claimed_by text,
    lease_expires_at_ms bigint,
    permit_jti text,
    permit_expires_at_ms bigint,
    permit_consumed_at_ms bigint,
    result text,
    error text,
    meta text,
    report_hash text,
    ledger_index bigint NOT NULL,
    version bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    CONSTRAINT actions_check CHECK (((status <> 'pending_approval'::text) OR (approval_expires_at_ms IS NOT NULL))),
    CONSTRAINT actions_check1 CHECK (((status <> 'executing'::text) OR ((claimed_by IS NOT NULL) AND (lease_expires_at_ms IS NOT NULL)))),
    CONSTRAINT actions_check2 CHECK (((outcome = 'EXECUTE'::text) OR (decision <> 'allow'::text))),
    CONSTRAINT actions_decision_check CHECK ((decision = ANY (ARRAY['allow'::text, 'deny'::text, 'require_approval'::text]))),
    CONSTRAINT actions_outcome_check CHECK ((outcome = ANY (ARRAY['EXECUTE'::text, 'ABSTAIN'::text, 'HALT'::text]))),
    CONSTRAINT actions_request_hash_check CHECK ((length(request_hash) = 64)),
    CONSTRAINT actions_risk_level_check CHECK ((risk_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text]))),
    CONSTRAINT actions_status_check CHECK ((status = ANY (ARRAY['allowed'::text, 'denied'::text, 'pending_approval'::text, 'approved'::text, 'executing'::text, 'succeeded'::text, 'failed'::text, 'expired'::text, 'cancelled'::text, 'unknown'::text]))),
    CONSTRAINT actions_version_check CHECK ((version >= 1))
);

CREATE TABLE public.agents (
    agent_id text NOT NULL COLLATE pg_catalog."C",
    actions bigint DEFAULT 0 NOT NULL,
    last_seen_at_ms bigint,
    disabled_at_ms bigint,
    disabled_by text,
    reason text
);

CREATE TABLE public.api_keys (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    role text NOT NULL,
    agents text DEFAULT '[]'::text NOT NULL,
    key_hash text NOT NULL,
    created_at_ms bigint NOT NULL,
    created_by text NOT NULL,
    last_used_at_ms bigint,
    revoked_at_ms bigint,
    CONSTRAINT api_keys_key_hash_check CHECK ((length(key_hash) = 64)),
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'approver'::text, 'developer'::text, 'auditor'::text, 'admin'::text])))
);

CREATE TABLE public.idempotency_keys (
    principal_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL,
    subject_id text NOT NULL,
    created_at_ms bigint NOT NULL
);

CREATE TABLE public.keyring (
    id integer NOT NULL,
    content text NOT NULL,
    CONSTRAINT keyring_id_check CHECK ((id = 1))
);

CREATE TABLE public.ledger_entries (
    idx bigint NOT NULL,
    leaf text NOT NULL,
    leaf_hash bytea NOT NULL,
    root bytea NOT NULL,
    action_id text COLLATE pg_catalog."C",
    CONSTRAINT ledger_entries_idx_check CHECK ((idx >= 0)),
    CONSTRAINT ledger_entries_leaf_hash_check CHECK ((length(leaf_hash) = 32)),
    CONSTRAINT ledger_entries_root_check CHECK ((length(root) = 32))
)
PARTITION BY RANGE (idx);

CREATE TABLE public.ledger_entries_elsewhere (
    idx bigint NOT NULL,
    leaf text NOT NULL,
    leaf_hash bytea NOT NULL,
    root bytea NOT NULL,
    action_id text COLLATE pg_catalog."C",
    CONSTRAINT ledger_entries_idx_check CHECK ((idx >= 0)),
    CONSTRAINT ledger_entries_leaf_hash_check CHECK ((length(leaf_hash) = 32)),
    CONSTRAINT ledger_entries_root_check CHECK ((length(root) = 32))
);

CREATE TABLE public.ledger_frontiers (
    size bigint NOT NULL,
    subtrees bytea NOT NULL
);

CREATE TABLE public.ledger_head (
    id integer NOT NULL,
    size bigint NOT NULL,
    subtrees bytea NOT NULL,
    rules_index bigint NOT NULL,
    frontier_size bigint NOT NULL,
    first_index bigint NOT NULL,
    CONSTRAINT ledger_head_check CHECK ((size >= first_index)),
    CONSTRAINT ledger_head_first_index_check CHECK ((first_index >= 0)),
    CONSTRAINT ledger_head_id_check CHECK ((id = 1))
)
WITH (fillfactor='50');

CREATE TABLE public.policies (
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    hash text NOT NULL,
    source text NOT NULL,
    packs text NOT NULL,
    tests text,
    tests_hash text NOT NULL,
    applies_to text NOT NULL,
    note text,
    created_at_ms bigint NOT NULL,
    created_by text NOT NULL,
    ledger_index bigint NOT NULL,
    CONSTRAINT policies_version_check CHECK ((version >= 1))
);

CREATE TABLE public.policy_activations (
    scope text NOT NULL COLLATE pg_catalog."C",
    ledger_index bigint NOT NULL,
    policy_id text COLLATE pg_catalog."C",
    policy_version bigint,
    note text,
    at_ms bigint NOT NULL,
    by_whom text NOT NULL,
    CONSTRAINT policy_activations_check CHECK (((policy_id IS NULL) = (policy_version IS NULL))),
    CONSTRAINT policy_activations_scope_check CHECK ((length(scope) = 64))
);

CREATE TABLE public.probe (
    id integer NOT NULL,
    beat bigint NOT NULL,
    CONSTRAINT probe_id_check CHECK ((id = 1))
);

CREATE TABLE public.prunings (
    ledger_index bigint NOT NULL,
    before_ms bigint NOT NULL,
    has_ended integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.tool_schemas (
    tool text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    schema text,
    registered_at_ms bigint NOT NULL,
    registered_by text NOT NULL
);

ALTER TABLE ONLY public.action_terms ATTACH PARTITION public.action_terms_elsewhere DEFAULT;

ALTER TABLE ONLY public.actions ATTACH PARTITION public.actions_elsewhere DEFAULT;

ALTER TABLE ONLY public.ledger_entries ATTACH PARTITION public.ledger_entries_elsewhere DEFAULT;

ALTER TABLE ONLY public.action_terms
    ADD CONSTRAINT action_terms_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.action_terms_elsewhere
    ADD CONSTRAINT action_terms_elsewhere_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.actions
    ADD CONSTRAINT actions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.actions_elsewhere
    ADD CONSTRAINT actions_elsewhere_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (agent_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal_id, key);

ALTER TABLE ONLY public.keyring
    ADD CONSTRAINT keyring_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (idx);

ALTER TABLE ONLY public.ledger_entries_elsewhere
    ADD CONSTRAINT ledger_entries_elsewhere_pkey PRIMARY KEY (idx);

ALTER TABLE ONLY public.ledger_frontiers
    ADD CONSTRAINT ledger_frontiers_pkey PRIMARY KEY (size);

ALTER TABLE ONLY public.ledger_head
    ADD CONSTRAINT ledger_head_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (id, version);

ALTER TABLE ONLY public.policy_activations
    ADD CONSTRAINT policy_activations_pkey PRIMARY KEY (scope, ledger_index);

ALTER TABLE ONLY public.probe
    ADD CONSTRAINT probe_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.prunings
    ADD CONSTRAINT prunings_pkey PRIMARY KEY (ledger_index);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.tool_schemas
    ADD CONSTRAINT tool_schemas_pkey PRIMARY KEY (tool, operation);

CREATE INDEX action_terms_by_term ON ONLY public.action_terms USING gin (terms);

CREATE INDEX action_terms_elsewhere_terms_idx ON public.action_terms_elsewhere USING gin (terms);

CREATE INDEX actions_awaiting ON ONLY public.actions USING btree (approval_expires_at_ms) WHERE (status = 'pending_approval'::text);

CREATE INDEX actions_by_status ON ONLY public.actions USING btree (status, id);

CREATE INDEX actions_elsewhere_approval_expires_at_ms_idx ON public.actions_elsewhere USING btree (approval_expires_at_ms) WHERE (status = 'pending_approval'::text);

CREATE INDEX actions_leased ON ONLY public.actions USING btree (lease_expires_at_ms) WHERE (status = 'executing'::text);

CREATE INDEX actions_elsewhere_lease_expires_at_ms_idx ON public.actions_elsewhere USING btree (lease_expires_at_ms) WHERE (status = 'executing'::text);

CREATE INDEX actions_elsewhere_status_id_idx ON public.actions_elsewhere USING btree (status, id);

CREATE INDEX agents_by_last_seen ON public.agents USING btree (last_seen_at_ms DESC NULLS LAST, agent_id);

CREATE INDEX agents_disabled ON public.agents USING btree (agent_id) WHERE (disabled_at_ms IS NOT NULL);

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at_ms);

CREATE INDEX ledger_entries_by_action ON ONLY public.ledger_entries USING btree (action_id, idx) WHERE (action_id IS NOT NULL);

CREATE INDEX ledger_entries_elsewhere_action_id_idx_idx ON public.ledger_entries_elsewhere USING btree (action_id, idx) WHERE (action_id IS NOT NULL);

CREATE INDEX policy_activations_by_age ON public.policy_activations USING btree (ledger_index);

ALTER INDEX public.action_terms_pkey ATTACH PARTITION public.action_terms_elsewhere_pkey;

ALTER INDEX public.action_terms_by_term ATTACH PARTITION public.action_terms_elsewhere_terms_idx;

ALTER INDEX public.actions_awaiting ATTACH PARTITION public.actions_elsewhere_approval_expires_at_ms_idx;

ALTER INDEX public.actions_leased ATTACH PARTITION public.actions_elsewhere_lease_expires_at_ms_idx;

ALTER INDEX public.actions_pkey ATTACH PARTITION public.actions_elsewhere_pkey;

ALTER INDEX public.actions_by_status ATTACH PARTITION public.actions_elsewhere_status_id_idx;

ALTER INDEX public.ledger_entries_by_action ATTACH PARTITION public.ledger_entries_elsewhere_action_id_idx_idx;

ALTER INDEX public.ledger_entries_pkey ATTACH PARTITION public.ledger_entries_elsewhere_pkey;

CREATE TRIGGER ledger_entries_are_never_changed BEFORE UPDATE ON public.ledger_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_ledger_change();

CREATE TRIGGER ledger_entries_are_never_emptied BEFORE TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_ledger_change();

CREATE TRIGGER ledger_entries_are_never_removed BEFORE DELETE ON public.ledger_entries FOR EACH ROW EXECUTE FUNCTION public.refuse_unless_pruned();

CREATE TRIGGER ledger_head_is_never_removed BEFORE DELETE OR TRUNCATE ON public.ledger_head FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_ledger_change();

CREATE TRIGGER ledger_head_never_goes_back BEFORE UPDATE ON public.ledger_head FOR EACH ROW WHEN (((new.size < old.size) OR (new.first_index < old.first_index))) EXECUTE FUNCTION public.refuse_ledger_change();

ALTER TABLE ONLY public.policy_activations
    ADD CONSTRAINT policy_activations_policy_id_policy_version_fkey FOREIGN KEY (policy_id, policy_version) REFERENCES public.policies(id, version);
