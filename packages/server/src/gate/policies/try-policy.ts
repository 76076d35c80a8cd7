import {
  type CanonicalAction,
  type ComparedDecision,
  type DecisionChange,
  diffDecisions,
  diffPolicies,
  type Finding,
  type Policy,
  type PolicyDiff,
  type RuleCoverage,
} from "@faramesh/core";
import type { Decision } from "@faramesh/protocol";
import type { ActionRow, PolicyRow } from "../../store/store.js";
import { GateError } from "../errors.js";
import type { Gate } from "../gate.js";
import { assertCan, type Principal } from "../principal.js";
import { recordedAction } from "../recorded-action.js";
import type { PolicyText } from "./check-text.js";
import { type CheckedPolicy, checkPolicyText, knownTo } from "./checked-policy.js";
import { loadedOrThrow, PolicyLoadError } from "./refused-policy.js";

/** What a text comes to, without anything being recorded. */
export interface CheckAnswer {
  /** Whether it may decide: it loads, and its tests pass. */
  readonly ok: boolean;
  readonly policy: { readonly id: string; readonly hash: string; readonly rules: number } | null;
  readonly findings: readonly Finding[];
  /** Of the file of tests beside it. */
  readonly test_findings: readonly Finding[];
}

/** Checks a policy as an activation would. Admins only. */
export async function checkPolicy(gate: Gate, principal: Principal, text: PolicyText): Promise<CheckAnswer> {
  assertCan(principal, "manage");
  return checkAnswer(await checkPolicyText(text, knownTo(gate)));
}

function checkAnswer({ loaded, findings, testFindings }: CheckedPolicy): CheckAnswer {
  const policy = loaded?.policy;
  return {
    ok: loaded !== null && loaded.report.failed === 0,
    policy: policy === undefined ? null : { id: policy.id, hash: policy.hash, rules: policy.rules.length },
    findings,
    test_findings: testFindings,
  };
}

/** What came of the tests of a policy. */
export interface TestAnswer {
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly differences: readonly string[];
    readonly decision: Decision;
  }[];
  readonly coverage: RuleCoverage;
}

/**
 * Runs the tests of a policy: those in it, and those beside it. Admins only.
 *
 * @throws PolicyLoadError (`invalid_policy`) when it, or its tests, cannot be read.
 */
export async function testPolicyText(gate: Gate, principal: Principal, text: PolicyText): Promise<TestAnswer> {
  assertCan(principal, "manage");
  const { passed, failed, results, coverage } = loadedOrThrow(await checkPolicyText(text, knownTo(gate))).report;
  return {
    passed,
    failed,
    results: results.map(({ case: { name }, differences, decision }) => {
      return { name, ok: differences.length === 0, differences, decision };
    }),
    coverage,
  };
}

/** One side of a comparison: a text, a version, or with neither what decides now. */
export interface PolicySide {
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  readonly version?: number | undefined;
}

/** Recorded actions that a comparison decides anew. */
export interface DiffAnswer extends PolicyDiff {
  /** Recorded actions that both sides decided, and what differs: left out where none were asked for. */
  readonly decisions?: {
    readonly compared: number;
    readonly changed: readonly (Omit<DecisionChange, "index"> & {
      readonly action_id: string;
      readonly agent_id: string;
      readonly tool: string;
      readonly operation: string;
      readonly recorded: ComparedDecision;
    })[];
  };
}

/**
 * Compares two policies by what they mean, and by how they decide the newest recorded actions. Texts are for admins only.
 *
 * @param actions - How many recorded actions to decide by both, 0 to 1,000.
 * @throws PolicyLoadError (`invalid_policy`), GateError `not_found`.
 */
export async function diffPolicyTexts(
  gate: Gate,
  principal: Principal,
  sides: { readonly before: PolicySide; readonly after: PolicySide },
  actions: number,
): Promise<DiffAnswer> {
  const isStored = sides.before.source === undefined && sides.after.source === undefined;
  assertCan(principal, isStored ? "read_policy" : "manage");
  const [before, after] = await Promise.all([policyOf(gate, sides.before), policyOf(gate, sides.after)]);
  const diff = diffPolicies(before, after);
  if (actions === 0) return diff;
  assertCan(principal, "read_all");
  const rows = await newestActions(gate, actions);
  const canonical = rows.map(recordedAction);
  return { ...diff, decisions: { compared: rows.length, changed: changedOf(before, after, rows, canonical) } };
}

async function policyOf(gate: Gate, { source, id, version }: PolicySide): Promise<Policy> {
  if (source !== undefined) return loadedOrThrow(await checkPolicyText({ source, tests: null }, knownTo(gate))).policy;
  const row = await storedSide(gate, id, version);
  const { policy, findings } = await gate.compiled.ofVersion(row);
  if (policy === null) throw new PolicyLoadError(findings, []);
  return policy;
}

async function storedSide(gate: Gate, id: string | undefined, version: number | undefined): Promise<PolicyRow> {
  if (id === undefined) {
    const general = gate.rules.active.find(({ appliesTo }) => appliesTo.length === 0) ?? gate.rules.active[0];
    if (general === undefined) throw new GateError("not_found", "no policy is active");
    return general.row;
  }
  const active = gate.rules.active.find(({ row }) => row.id === id)?.row;
  const row =
    version === undefined ? (active ?? (await gate.store.policy(id, null))) : await gate.store.policy(id, version);
  if (row !== null) return row;
  throw new GateError(
    "not_found",
    `there is no ${version === undefined ? "" : `version ${version} of a `}policy ${id}`,
  );
}

/** Pages end early where their rows are large. */
async function newestActions(gate: Gate, limit: number): Promise<ActionRow[]> {
  const rows: ActionRow[] = [];
  for (let hasMore = true; hasMore && rows.length < limit; ) {
    const beforeId = rows.at(-1)?.id ?? null;
    const page = await gate.store.actions({ ...EVERYTHING, beforeId, limit: limit - rows.length });
    rows.push(...page.rows);
    hasMore = page.hasMore;
  }
  return rows;
}

const EVERYTHING = {
  ...{ status: [], agentId: [], tool: [], operation: [], outcome: [], riskLevel: [] },
  ...{ text: null, sinceMs: null, untilMs: null, visibleTo: null, offset: 0 },
};

function changedOf(
  before: Policy,
  after: Policy,
  rows: readonly ActionRow[],
  actions: readonly CanonicalAction[],
): (DiffAnswer["decisions"] & {})["changed"] {
  return diffDecisions(before, after, actions).flatMap(({ index, ...change }) => {
    const row = rows[index];
    if (row === undefined) return [];
    const { id: action_id, agent_id, tool, operation, outcome, rule_id, reason_code, risk_level } = row;
    return { action_id, agent_id, tool, operation, recorded: { outcome, rule_id, reason_code, risk_level }, ...change };
  });
}
