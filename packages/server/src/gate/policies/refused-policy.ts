import type { Finding } from "@faramesh/core";
import { GateError } from "../errors.js";
import { describeFinding } from "./active-policy.js";
import type { CheckedPolicy, LoadedPolicy } from "./checked-policy.js";

/** A policy that may not decide. Each finding names its line and why. */
export class PolicyLoadError extends GateError {
  override readonly name = "PolicyLoadError";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[], testFindings: readonly Finding[]) {
    const lines = [
      ...findings.map(describeFinding),
      ...testFindings.map((finding) => `tests: ${describeFinding(finding)}`),
    ];
    super("invalid_policy", lines.join("\n"), { faults: [...findings.map(faultOf), ...testFindings.map(faultOf)] });
    this.findings = [...findings, ...testFindings];
  }
}

/**
 * The policy that a text comes to.
 *
 * @throws PolicyLoadError where it does not load.
 */
export function loadedOrThrow({ loaded, findings, testFindings }: CheckedPolicy): LoadedPolicy {
  if (loaded === null) throw new PolicyLoadError(findings.filter(isError), testFindings.filter(isError));
  return loaded;
}

/**
 * The policy that a text comes to, and that may decide.
 *
 * @throws PolicyLoadError where it does not load, or a test of it fails.
 */
export function soundOrThrow(checked: CheckedPolicy): LoadedPolicy {
  const loaded = loadedOrThrow(checked);
  if (loaded.report.failed === 0) return loaded;
  throw new PolicyLoadError(checked.findings.filter(isError), checked.testFindings.filter(isError));
}

function isError({ severity }: Finding): boolean {
  return severity === "error";
}

function faultOf(finding: Finding): { path: string; code: string; message: string } {
  return { path: finding.path, code: finding.code, message: describeFinding(finding) };
}
