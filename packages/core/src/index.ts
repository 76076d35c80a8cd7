export { type CanonicalAction, canonicalizeAction } from "./action/canonicalize.js";
export { InvalidActionError } from "./action/invalid-action.js";
export { readActionRequest } from "./action/read-action.js";
export { parseStrictJson } from "./action/strict-json.js";
export { StrictJsonError } from "./action/strict-json-parser.js";
export { type Decider, type MayDecide, mayDecide, type PendingApproval } from "./approval/may-decide.js";
export { decide, type Facts } from "./decision/decide.js";
export { type EntryDraft, type LedgerHead, placeLeaf, type SealedEntry, sealEntry } from "./ledger/entry.js";
export {
  appendLeaf,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  type Frontier,
  HASH_BYTES,
  leafHash,
  nodeHash,
  rootOf,
} from "./ledger/merkle.js";
export { POLICY_LIMITS } from "./limits.js";
export { type PermitIssue, type PermittedAction, permitClaims } from "./permit/claims.js";
export { casesHash } from "./policy/cases/cases-hash.js";
export type { PolicyCase } from "./policy/cases/policy-case.js";
export { readPolicyCases } from "./policy/cases/read-policy-cases.js";
export {
  type CaseResult,
  failingCases,
  type PolicyTestReport,
  type RuleCoverage,
  testPolicy,
} from "./policy/cases/test-policy.js";
export { type ComparedDecision, type DecisionChange, diffDecisions } from "./policy/diff/diff-decisions.js";
export type { FieldChange, ItemChange } from "./policy/diff/diff-items.js";
export { diffPolicies, type PolicyDiff } from "./policy/diff/diff-policies.js";
export type { Finding } from "./policy/finding.js";
export { FINDING_CODES, type FindingCode } from "./policy/finding-codes.js";
export { packPolicy } from "./policy/hand-over/pack-policy.js";
export type { PackedPolicy, PackedRule } from "./policy/hand-over/packed-policy.js";
export { unpackPolicy } from "./policy/hand-over/unpack-policy.js";
export { type CedarPolicy, importCedar } from "./policy/import/from-cedar.js";
export { importClaudeCode } from "./policy/import/from-claude-code.js";
export { importV0 } from "./policy/import/from-v0.js";
export { type Imported, importedText } from "./policy/import/imported.js";
export { loadPolicy, type PolicyIdentity } from "./policy/load.js";
export type { Policy, RuleSummary } from "./policy/policy.js";
export { PolicySet, type Rivals, rivalsAmong } from "./policy/policy-set.js";
export { policySchema, policyTestsSchema } from "./schema/policy-schema.js";
export { sha256, sha256Hex } from "./sha256.js";
export { schemaFault, ToolParams } from "./tool-schema/compile-tools.js";
export { readToolSchemas } from "./tool-schema/read-tool-schemas.js";
export type { ToolSchema } from "./tool-schema/tool-schema.js";
