import {
  casesHash,
  type Finding,
  failingCases,
  loadPolicy,
  type Policy,
  type PolicyCase,
  type PolicyTestReport,
  readPolicyCases,
  type ToolSchema,
  testPolicy,
} from "@faramesh/core";

/** A policy as somebody wrote it. */
export interface PolicyText {
  readonly source: string;
  /** The file of tests beside it. */
  readonly tests: string | null;
}

/** What a text is read with. */
export interface TextsKnown {
  /** The packs that it may extend. */
  readonly packs: Readonly<Record<string, string>>;
  /** What its rules are held against. */
  readonly tools: readonly ToolSchema[];
}

/** What is wrong with a text, and what its tests came to. */
export interface CheckedText {
  /** In the policy itself, failing tests in it included. */
  readonly findings: readonly Finding[];
  /** In the file of tests beside it, those that fail included. */
  readonly testFindings: readonly Finding[];
  /** Null where a finding is an error, in the policy or in the tests beside it; a failing test is none of these. */
  readonly tested: { readonly report: PolicyTestReport; readonly testsHash: string } | null;
}

/** Loads a policy and runs its tests, those in it and those beside it. */
export function checkText(text: PolicyText, known: TextsKnown): CheckedText & { readonly policy: Policy | null } {
  const { policy, findings } = loadPolicy(text.source, { version: 0, ...known });
  const beside = text.tests === null ? { cases: [], findings: [] } : readPolicyCases(text.tests);
  if (policy === null || beside.cases === null) {
    return { policy, findings, testFindings: beside.findings, tested: null };
  }
  const report = testPolicy(policy, [...policy.cases, ...beside.cases]);
  return {
    policy,
    findings: [...findings, ...failing(report, policy.cases)],
    testFindings: [...beside.findings, ...failing(report, beside.cases)],
    tested: { report, testsHash: casesHash(report.results.map((result) => result.case)) },
  };
}

function failing(report: PolicyTestReport, cases: readonly PolicyCase[]): Finding[] {
  return failingCases({ ...report, results: report.results.filter((result) => cases.includes(result.case)) });
}
