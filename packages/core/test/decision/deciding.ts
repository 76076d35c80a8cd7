import type { ActionRequest, Decision, JsonObject, JsonValue } from "@faramesh/protocol";
import { canonicalizeAction } from "../../src/action/canonicalize.js";
import { decide } from "../../src/decision/decide.js";
import { loadPolicy } from "../../src/policy/load.js";
import type { Policy } from "../../src/policy/policy.js";

/** A policy that must load: of rules as data, or of YAML. */
export function policyOf(source: string | readonly JsonValue[], risk: readonly JsonValue[] = []): Policy {
  const text = typeof source === "string" ? source : JSON.stringify({ rules: source, risk: { rules: risk } });
  const { policy, findings } = loadPolicy(text);
  if (policy === null) throw new Error(JSON.stringify(findings));
  return policy;
}

/** An action with params, everything else of no account. */
export function actionOf(params: JsonObject, rest: Partial<ActionRequest> = {}): ReturnType<typeof canonicalizeAction> {
  return canonicalizeAction({ agent_id: "agent-1", tool: "t", operation: "o", params, ...rest });
}

export function decided(policy: Policy, params: JsonObject, rest: Partial<ActionRequest> = {}): Decision {
  return decide(policy, actionOf(params, rest));
}
