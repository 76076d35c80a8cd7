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
import type { Gate } from "../gate.js";

/** A policy as somebody wrote it. */
export interface PolicyText {
  readonly source: string;
  /** The file of tests beside it. */
  readonly tests: string | null;
}

/** What is wrong with a text, and what it comes to where nothing is. */
export interface CheckedPolicy {
  /** Null where a finding is an error, in the policy or in the tests beside it. */
  readonly loaded: LoadedPolicy | null;
  /** In the policy itself, failing tests in it included. */
  readonly findings: readonly Finding[];
  /** In the file of tests beside it, those that fail included. */
  readonly testFindings: readonly Finding[];
}

export interface LoadedPolicy extends PolicyText {
  readonly policy: Policy;
  readonly report: PolicyTestReport;
  readonly testsHash: string;
  /** The texts of the packs that it extends. */
  readonly packs: Readonly<Record<string, string>>;
}

/** What a policy may build on, and what its rules are held against. */
interface Known {
  /** The packs that it may extend. */
  readonly packs: Readonly<Record<string, string>>;
  readonly tools: readonly ToolSchema[];
}

/** What this gate knows when a policy comes in. */
export function knownTo({ packs, rules }: Gate): Known {
  return { packs, tools: rules.toolParams.tools };
}

/** Loads a policy and runs its tests, those in it and those beside it. */
export function checkPolicyText(text: PolicyText, { packs, tools }: Known): CheckedPolicy {
  const { policy, findings } = loadPolicy(text.source, { version: 0, packs, tools });
  const beside = text.tests === null ? { cases: [], findings: [] } : readPolicyCases(text.tests);
  if (policy === null || beside.cases === null) return { loaded: null, findings, testFindings: beside.findings };
  const report = testPolicy(policy, [...policy.cases, ...beside.cases]);
  const used = Object.fromEntries(policy.packs.map((name) => [name, packs[name] ?? ""]));
  const testsHash = casesHash(report.results.map((result) => result.case));
  return {
    loaded: { ...text, policy, report, testsHash, packs: used },
    findings: [...findings, ...failing(report, policy.cases)],
    testFindings: [...beside.findings, ...failing(report, beside.cases)],
  };
}

function failing(report: PolicyTestReport, cases: readonly PolicyCase[]): Finding[] {
  return failingCases({ ...report, results: report.results.filter((result) => cases.includes(result.case)) });
}
