import type { Decision } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Policy } from "../policy/policy.js";
import { haltByProfile } from "./by-profile.js";
import { decisionOf, halt } from "./decision-record.js";
import { firstMatch, UNCLEAR } from "./first-match.js";
import { knownRisk } from "./risk.js";
import { traceOf } from "./trace.js";
import { decideUnclear } from "./unclear.js";

/** What the gate knows besides the action itself. */
export interface Facts {
  /** Someone turned the agent off. */
  agent_disabled?: boolean;
}

const NO_FACTS: Facts = {};

/**
 * Decides an action by a policy. Pure: the same policy, action and facts give the same decision, always, and nothing
 * else is looked at. Total: it never throws, and what it cannot decide is `HALT`.
 *
 * @param policy - null where there is none that loaded: then nothing is allowed.
 * @param options.explain - Adds `trace`, rule by rule.
 */
export function decide(
  policy: Policy | null,
  action: CanonicalAction,
  facts: Facts = NO_FACTS,
  options?: { explain?: boolean },
): Decision {
  try {
    if (facts.agent_disabled === true) return halt(policy, action, "AGENT_DISABLED", "The agent is disabled");
    if (policy === null) return halt(null, action, "POLICY_UNAVAILABLE", "There is no policy that loads");
    const decision = decideByPolicy(policy, action);
    return options?.explain === true ? { ...decision, trace: traceOf(policy, action) } : decision;
  } catch {
    return halt(policy, action, "INTERNAL_ERROR", "The decision failed, so nothing is allowed");
  }
}

function decideByPolicy(policy: Policy, action: CanonicalAction): Decision {
  if (!policy.compiled.content.appliesTo.matches(action.agent_id)) {
    return halt(policy, action, "POLICY_UNAVAILABLE", "The policy is not for this agent");
  }
  return haltByProfile(policy, action) ?? decideByRules(policy, action);
}

function decideByRules(policy: Policy, action: CanonicalAction): Decision {
  const { rules, riskRules } = policy.compiled.candidates(action.tool, action.operation);
  const level = knownRisk(riskRules, action);
  const rule = level === null ? UNCLEAR : firstMatch(rules, action, level);
  return level === null || rule === UNCLEAR
    ? decideUnclear(policy, action, rules, riskRules)
    : decisionOf(policy, action, rule, level);
}
