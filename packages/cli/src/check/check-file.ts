import {
  type Finding,
  failingCases,
  type Policy,
  type PolicyCase,
  readPolicyCases,
  type ToolSchema,
  testPolicy,
} from "@faramesh/core";
import { readPolicyFile } from "../policy-file.js";
import { testsTextBeside } from "../policy-tests.js";

/** A finding, and the file it is in. */
export interface FileFinding extends Finding {
  file: string;
}

/** A policy file as an activation would look at it. */
export interface CheckedFile {
  file: string;
  /** Null where it does not load. */
  policy: Policy | null;
  /** In the policy and in the tests beside it, tests that fail included. */
  findings: FileFinding[];
}

/**
 * Loads a policy file and runs its tests, those in it and those beside it.
 *
 * @param tools - What its rules are held against.
 */
export async function checkFile(file: string, tools: readonly ToolSchema[]): Promise<CheckedFile> {
  const { policy, findings } = await readPolicyFile(file, tools);
  const beside = await testsTextBeside(file);
  const tests = beside === null ? { cases: [], findings: [] } : readPolicyCases(beside.text);
  const inTests = [...tests.findings, ...failing(policy, tests.cases ?? [])];
  return {
    file,
    policy,
    findings: [
      ...placed(file, [...findings, ...failing(policy, policy?.cases ?? [])]),
      ...placed(beside?.file ?? file, inTests),
    ],
  };
}

function failing(policy: Policy | null, cases: readonly PolicyCase[]): Finding[] {
  return policy === null ? [] : failingCases(testPolicy(policy, cases));
}

function placed(file: string, findings: readonly Finding[]): FileFinding[] {
  return findings.map((finding) => ({ file, ...finding }));
}
