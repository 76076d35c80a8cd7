import type { Finding, Policy, PolicyTestReport } from "@faramesh/core";
import type { Gate } from "../gate.js";
import type { PolicyText, TextsKnown } from "./check-text.js";
import type { CompiledPolicies } from "./compiled-policies.js";

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

/** What a policy may build on, what its rules are held against, and where it is kept once it was compiled. */
interface Known extends TextsKnown {
  readonly compiled: CompiledPolicies;
}

/** What this gate knows when a policy comes in. */
export function knownTo({ packs, rules, compiled }: Gate): Known {
  return { packs, tools: rules.toolParams.tools, compiled };
}

/** Loads a policy and runs its tests, those in it and those beside it. It need not be compiled again to decide. */
export async function checkPolicyText(text: PolicyText, { packs, tools, compiled }: Known): Promise<CheckedPolicy> {
  const { policy, findings, testFindings, tested } = await compiled.check(text, { packs, tools });
  if (policy === null || tested === null) return { loaded: null, findings, testFindings };
  const used = Object.fromEntries(policy.packs.map((name) => [name, packs[name] ?? ""]));
  compiled.keep(text.source, JSON.stringify(used), { policy, findings });
  return { loaded: { ...text, policy, ...tested, packs: used }, findings, testFindings };
}
