import { LIMITS } from "@faramesh/protocol";
import { type Static, Type } from "typebox";
import { ACTOR, DECISION, name, nullable, text, word } from "./schemas.js";

/** Bytes of a request about policies: two texts of 1 MB, which JSON may make half as long again. */
export const POLICY_BODY_BYTES_MAX = 4 * 1_048_576;

const closed = { additionalProperties: false } as const;
const source = Type.String({ maxLength: 1_048_576, description: "a policy: YAML or JSON, at most 1 MB" });
const tests = Type.String({ maxLength: 1_048_576, description: "a list of tests, as a *.test.yaml holds it" });
const note = text(LIMITS.reasonCharsMax);
const version = Type.Integer({ minimum: 1 });

export const POLICY_TEXT = Type.Object({ source, tests: Type.Optional(tests) }, { ...closed, title: "PolicyText" });
export type PolicyTextBody = Static<typeof POLICY_TEXT>;

export const NEW_POLICY = Type.Object(
  {
    source,
    tests: Type.Optional(tests),
    note: Type.Optional(note),
    activate: Type.Optional(Type.Boolean({ description: "whether it decides from now on" })),
  },
  { ...closed, title: "PolicyVersionRequest" },
);
export type NewPolicyBody = Static<typeof NEW_POLICY>;

export const ACTIVATE = Type.Object({ version, note: Type.Optional(note) }, { ...closed, title: "ActivateRequest" });
export type ActivateBody = Static<typeof ACTIVATE>;

export const NOTE = Type.Object({ note: Type.Optional(note) }, { ...closed, title: "Note" });
export type NoteBody = Static<typeof NOTE>;

const side = Type.Object(
  { source: Type.Optional(source), id: Type.Optional(name), version: Type.Optional(version) },
  {
    ...closed,
    title: "PolicySide",
    description: "a text, a version of a policy, the active one of an id, or {} for the active policy",
  },
);
export const DIFF = Type.Object(
  {
    before: Type.Optional(side),
    after: side,
    actions: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1_000, description: "recorded actions to decide by both" }),
    ),
  },
  { ...closed, title: "DiffRequest" },
);
export type DiffBody = Static<typeof DIFF>;

export const POLICY_PARAMS = Type.Object({ id: name });
export type PolicyParams = Static<typeof POLICY_PARAMS>;
export const VERSION_PARAMS = Type.Object({ id: name, version: Type.String({ pattern: "^[1-9]\\d{0,14}$" }) });
export type VersionParams = Static<typeof VERSION_PARAMS>;

export const ACTIVE_QUERY = Type.Object({ agent_id: Type.Optional(name) }, closed);
export type ActiveQuery = Static<typeof ACTIVE_QUERY>;
export const ACTIVATIONS_QUERY = Type.Object(
  { policy_id: Type.Optional(name), limit: Type.Optional(Type.String({ pattern: "^\\d{1,4}$" })) },
  closed,
);
export type ActivationsQuery = Static<typeof ACTIVATIONS_QUERY>;

const summary = {
  id: Type.String(),
  version: Type.Integer(),
  hash: Type.String(),
  applies_to: Type.Array(Type.String()),
  active: Type.Boolean(),
  note: nullable("string"),
  created_at: Type.String(),
  created_by: ACTOR,
};
const rules = Type.Array(Type.Unsafe<object>({ type: "object", additionalProperties: true }));

export const POLICY_VERSION = Type.Object(summary, { title: "PolicyVersion" });
export const LISTED_POLICY = Type.Object(
  { ...summary, active_version: nullable("integer") },
  { title: "ListedPolicy" },
);
export const CREATED_POLICY = Type.Object(
  { ...summary, created: Type.Boolean(), activated: Type.Boolean() },
  { title: "CreatedPolicy" },
);
export const WHOLE_POLICY = Type.Object(
  { ...summary, source: Type.String(), tests: nullable("string"), packs: Type.Array(Type.String()), rules },
  { title: "Policy" },
);
export const ACTIVE_POLICY = Type.Object(
  {
    id: Type.String(),
    version: Type.Integer(),
    hash: Type.String(),
    applies_to: Type.Array(Type.String()),
    source: Type.String(),
    loaded_at: Type.String(),
    rules,
    warnings: Type.Array(Type.String()),
  },
  { title: "ActivePolicy" },
);
export const ACTIVATION = Type.Object(
  {
    policy_id: nullable("string"),
    policy_version: nullable("integer"),
    note: nullable("string"),
    at: Type.String(),
    by: ACTOR,
    ledger_index: Type.Integer(),
  },
  { title: "PolicyActivation" },
);
const finding = Type.Object(
  {
    severity: word(["error", "warning"]),
    code: Type.String(),
    message: Type.String(),
    cure: Type.String(),
    path: Type.String(),
    line: Type.Integer(),
    column: Type.Integer(),
  },
  { title: "PolicyFinding" },
);
export const CHECKED_POLICY = Type.Object(
  {
    ok: Type.Boolean(),
    policy: Type.Unsafe<object | null>({ type: ["object", "null"], additionalProperties: true }),
    findings: Type.Array(finding),
    test_findings: Type.Array(finding),
  },
  { title: "CheckedPolicy" },
);

export const TESTED_POLICY = Type.Object(
  {
    passed: Type.Integer(),
    failed: Type.Integer(),
    results: Type.Array(
      Type.Object(
        { name: Type.String(), ok: Type.Boolean(), differences: Type.Array(Type.String()), decision: DECISION },
        { title: "PolicyTestResult" },
      ),
    ),
    coverage: Type.Object(
      {
        rules: Type.Array(Type.Object({ rule_id: Type.String(), cases: Type.Integer() })),
        covered: Type.Integer(),
        uncovered: Type.Array(Type.String()),
        percent: Type.Integer(),
      },
      { title: "RuleCoverage" },
    ),
  },
  { title: "TestedPolicy" },
);

const changes = Type.Array(Type.Unsafe<object>({ type: "object", additionalProperties: true }));
export const POLICY_DIFF = Type.Object(
  { same: Type.Boolean(), rules: changes, risk_rules: changes, profiles: changes },
  { title: "PolicyDiff" },
);
