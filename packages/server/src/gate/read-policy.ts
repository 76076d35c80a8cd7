import type { RuleSummary } from "@faramesh/core";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { assertCan, type Principal } from "./principal.js";

/** The policy that decides now. */
export interface ActivePolicyAnswer {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly source: string;
  readonly loaded_at: string;
  readonly rules: readonly RuleSummary[];
  readonly warnings: readonly string[];
}

/** @throws GateError `not_found` when no policy is loaded. */
export function readActivePolicy(gate: Gate, principal: Principal): ActivePolicyAnswer {
  assertCan(principal, "read_policy");
  const { policy, source, loadedAtMs, warnings } = gate.rules.active;
  if (policy === null) throw new GateError("not_found", "no policy is loaded: every action is HALT POLICY_UNAVAILABLE");
  return {
    id: policy.id,
    version: policy.version,
    hash: policy.hash,
    source,
    loaded_at: new Date(loadedAtMs).toISOString(),
    rules: policy.rules,
    warnings,
  };
}
