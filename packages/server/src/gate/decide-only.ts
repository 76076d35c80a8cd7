import { canonicalizeAction } from "@faramesh/core";
import type { ActionRequest, DecideAnswer } from "@faramesh/protocol";
import type { Gate } from "./gate.js";
import { assertActsAs, assertCan, type Principal } from "./principal.js";
import { provenanceId } from "./provenance.js";

/**
 * What the gate would answer. Nothing is stored and nothing is granted.
 *
 * @throws InvalidActionError when the action could not be submitted.
 */
export function decideOnly(gate: Gate, principal: Principal, request: ActionRequest, explain: boolean): DecideAnswer {
  assertCan(principal, "decide");
  assertActsAs(principal, request.agent_id);
  const action = canonicalizeAction(request);
  gate.rules.toolParams.assertParams(action);
  const decision = gate.rules.decide(action, explain);
  const { runtimeVersion } = gate.settings;
  // The decision is a record of this call's own; copying its many fields would cost more than making it.
  return Object.assign(decision, {
    runtime_version: runtimeVersion,
    provenance_id: provenanceId(runtimeVersion, decision.policy_hash),
  });
}
