import type { RuleSummary } from "@faramesh/core";
import { timeText } from "@faramesh/protocol";
import { GateError } from "../errors.js";
import type { Gate } from "../gate.js";
import { assertCan, type Principal } from "../principal.js";
import type { ActivePolicy } from "./active-policy.js";
import {
  type ActivationAnswer,
  type PolicyVersionAnswer,
  presentActivation,
  presentVersion,
  presentWhole,
  type WholePolicyAnswer,
} from "./present-policy.js";

/** The policy that decides now. */
export interface ActivePolicyAnswer {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly applies_to: readonly string[];
  readonly source: string;
  readonly loaded_at: string;
  readonly rules: readonly RuleSummary[];
  readonly warnings: readonly string[];
}

/**
 * The policy that decides for an agent; without one, for every agent that no policy names, or the only one there is.
 *
 * @throws GateError `not_found` when there is none.
 */
export function readActivePolicy(gate: Gate, principal: Principal, agentId: string | null): ActivePolicyAnswer {
  assertCan(principal, "read_policy");
  const { active } = gate.rules;
  if (active.length === 0) {
    throw new GateError("not_found", "no policy is loaded: every action is HALT POLICY_UNAVAILABLE");
  }
  const found = agentId === null ? general(active) : gate.rules.activeFor(agentId);
  if (found !== null) return presentActive(found);
  const names = active.map(({ row }) => row.id).join(", ");
  const whom = agentId === null ? "every agent; name one with agent_id" : "this agent: its actions are HALT";
  throw new GateError("not_found", `no policy is for ${whom} (active: ${names})`);
}

function general(active: readonly ActivePolicy[]): ActivePolicy | null {
  const [first] = active;
  return active.find(({ appliesTo }) => appliesTo.length === 0) ?? (active.length === 1 ? (first ?? null) : null);
}

function presentActive({ policy, row, activation, appliesTo, warnings }: ActivePolicy): ActivePolicyAnswer {
  return {
    id: row.id,
    version: row.version,
    hash: row.hash,
    applies_to: appliesTo,
    source: row.source,
    loaded_at: timeText(activation.at_ms),
    rules: policy?.rules ?? [],
    warnings,
  };
}

/** The newest version of every policy, and the version of each that decides, if any. */
export async function listPolicies(
  gate: Gate,
  principal: Principal,
): Promise<(PolicyVersionAnswer & { readonly active_version: number | null })[]> {
  assertCan(principal, "read_policy");
  return (await gate.store.policies()).map((row) => ({
    ...presentVersion(gate, row),
    active_version: gate.rules.active.find((active) => active.row.id === row.id)?.row.version ?? null,
  }));
}

/** @throws GateError `not_found`. */
export async function listVersions(gate: Gate, principal: Principal, id: string): Promise<PolicyVersionAnswer[]> {
  assertCan(principal, "read_policy");
  const rows = await gate.store.policyVersions(id);
  if (rows.length === 0) throw new GateError("not_found", `there is no policy ${id}`);
  return rows.map((row) => presentVersion(gate, row));
}

/** @throws GateError `not_found`. */
export async function readVersion(
  gate: Gate,
  principal: Principal,
  id: string,
  version: number,
): Promise<WholePolicyAnswer> {
  assertCan(principal, "read_policy");
  const row = await gate.store.policy(id, version);
  if (row === null) throw new GateError("not_found", `there is no version ${version} of a policy ${id}`);
  return presentWhole(gate, row);
}

/** What was made to decide when, by whom and why, the newest first. */
export async function listActivations(
  gate: Gate,
  principal: Principal,
  policyId: string | null,
  limit: number,
): Promise<ActivationAnswer[]> {
  assertCan(principal, "read_policy");
  return (await gate.store.activations(policyId, limit)).map(presentActivation);
}
