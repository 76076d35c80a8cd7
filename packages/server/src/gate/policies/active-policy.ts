import type { Finding, Policy } from "@faramesh/core";
import type { ActivationRow, PolicyRow } from "../../store/store.js";
import type { CompiledPolicies } from "./compiled-policies.js";

/** A policy that decides for some agents or for all of them. */
export interface ActivePolicy {
  /** Null where this release cannot read it: then nothing is allowed to its agents. */
  readonly policy: Policy | null;
  readonly row: PolicyRow;
  readonly activation: ActivationRow;
  readonly appliesTo: readonly string[];
  readonly warnings: readonly string[];
  /** Why it cannot be read. */
  readonly fault: string | null;
}

/** Compiles a stored version. What another release recorded, and this one cannot read, allows nothing. */
export async function activePolicy(
  row: PolicyRow,
  activation: ActivationRow,
  compiled: CompiledPolicies,
): Promise<ActivePolicy> {
  const { policy, findings } = await compiled.toDecide(row);
  const messages = findings.map(describeFinding);
  return {
    policy,
    row,
    activation,
    appliesTo: JSON.parse(row.applies_to) as string[],
    warnings: policy === null ? [] : messages,
    fault: policy === null ? messages.join("\n") : null,
  };
}

/** A finding in one line: `line 4, column 7: unknown_key: …`. */
export function describeFinding(finding: Finding): string {
  return `line ${finding.line}, column ${finding.column}: ${finding.code}: ${finding.message} (${finding.cure})`;
}
