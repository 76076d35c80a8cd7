import { isLongerThan } from "../../action/utf8-length.js";
import { POLICY_LIMITS } from "../../limits.js";
import { ROOT } from "../document.js";
import type { Finding } from "../finding.js";
import { parsePolicyDocument } from "../parse-document.js";
import { Report } from "../report.js";
import { type PolicyCase, readCases } from "./policy-case.js";

/**
 * Reads a file of tests (YAML or JSON): a list of `{name, action, expect: {outcome, rule_id?, reason_code?,
 * risk_level?}}`, as `*.test.yaml` holds it.
 *
 * @returns The findings in the order of the file, and the cases: null where one of the findings is an error. A case
 *   with a misspelt expectation must not pass.
 */
export function readPolicyCases(source: string): { cases: PolicyCase[] | null; findings: Finding[] } {
  const report = new Report(source);
  const cases = read(source, report);
  return { cases: report.hasErrors ? null : cases, findings: report.inOrder() };
}

function read(source: string, report: Report): PolicyCase[] {
  if (isLongerThan(source, POLICY_LIMITS.sourceBytesMax)) {
    const message = `the file has more than ${POLICY_LIMITS.sourceBytesMax} bytes`;
    report.error({ place: ROOT, offset: 0 }, "too_large", message, "split it into several files");
    return [];
  }
  const root = parsePolicyDocument(source, report);
  return root === null ? [] : readCases(root, null, report);
}
