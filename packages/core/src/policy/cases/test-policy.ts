import type { Decision } from "@faramesh/protocol";
import { decide } from "../../decision/decide.js";
import type { Finding } from "../finding.js";
import type { Policy } from "../policy.js";
import { EXPECTED_FIELDS, type PolicyCase } from "./policy-case.js";

/** What came of one case. */
export interface CaseResult {
  readonly case: PolicyCase;
  readonly decision: Decision;
  /** A sentence for each field that is not as expected; none where it passed. */
  readonly differences: readonly string[];
}

/** How many cases each enabled rule answered. */
export interface RuleCoverage {
  readonly rules: readonly { readonly rule_id: string; readonly cases: number }[];
  /** Rules that answered a case at least. */
  readonly covered: number;
  /** Ids of rules that no case is answered by, in the order of the policy. */
  readonly uncovered: readonly string[];
  /** Whole percent of the enabled rules, rounded down; 100 where there is none. */
  readonly percent: number;
}

export interface PolicyTestReport {
  readonly results: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  readonly coverage: RuleCoverage;
}

/** Decides each case by the policy, and counts which rules answered. */
export function testPolicy(policy: Policy, cases: readonly PolicyCase[] = policy.cases): PolicyTestReport {
  const results = cases.map((one) => resultOf(policy, one));
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  return { results, passed: results.length - failed, failed, coverage: coverageOf(policy, results) };
}

/** The cases that fail, as findings of the document that they stand in. */
export function failingCases({ results }: PolicyTestReport): Finding[] {
  return results.flatMap(({ case: { name, at }, differences }) => {
    if (differences.length === 0) return [];
    const message = `the test ${JSON.stringify(name)} fails: ${differences.join("; ")}`;
    const cure = "change the rule, or what the test expects of it";
    return { severity: "error", code: "failing_test", message, cure, ...at };
  });
}

function resultOf(policy: Policy, one: PolicyCase): CaseResult {
  const decision = decide(policy, one.action);
  const differences = EXPECTED_FIELDS.flatMap((field) => {
    const expected = one.expect[field];
    if (expected === undefined || expected === decision[field]) return [];
    return `${field}: expected ${expected ?? "none"}, got ${decision[field] ?? "none"}`;
  });
  return { case: one, decision, differences };
}

function coverageOf(policy: Policy, results: readonly CaseResult[]): RuleCoverage {
  const answered = new Map<string | null, number>();
  for (const { decision } of results) answered.set(decision.rule_id, (answered.get(decision.rule_id) ?? 0) + 1);
  const rules = policy.rules
    .filter((rule) => rule.enabled)
    .map(({ id }) => ({ rule_id: id, cases: answered.get(id) ?? 0 }));
  const uncovered = rules.filter(({ cases }) => cases === 0).map(({ rule_id }) => rule_id);
  const covered = rules.length - uncovered.length;
  const percent = rules.length === 0 ? 100 : Math.floor((covered * 100) / rules.length);
  return { rules, covered, uncovered, percent };
}
