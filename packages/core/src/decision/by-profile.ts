import type { Decision, TraceStep } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Policy } from "../policy/policy.js";
import type { Profile, ProfileTool } from "../policy/profile.js";
import { TRUE, UNKNOWN } from "../policy/truth.js";
import { halt } from "./decision-record.js";
import { matchTruth } from "./first-match.js";
import { unknownCondition } from "./seen-value.js";

/**
 * What the agent's profile says before any rule is looked at: the first profile that is for the agent counts. Null
 * where it has the call, or where the policy has no profiles at all. Whatever else comes out halts: no profile is for
 * the agent, the tool is not in its list, or the params are not what the list says, unknown ones included.
 */
export function haltByProfile(policy: Policy, action: CanonicalAction): Decision | null {
  const { profiles } = policy.compiled.content;
  if (profiles.length === 0) return null;
  const profile = profileOf(profiles, action);
  const call = `${action.tool} ${action.operation}`;
  if (profile === undefined) {
    return halt(policy, action, "PROFILE_DISALLOWS_TOOL", "The policy has profiles, and none is for this agent");
  }
  const tools = profile.index.select(action.tool, action.operation);
  if (tools.some((tool) => matchTruth(tool, action, null) === TRUE)) return null;
  if (tools.length === 0) {
    return halt(policy, action, "PROFILE_DISALLOWS_TOOL", `The profile ${profile.name} does not have ${call}`);
  }
  const reason = `The profile ${profile.name} has ${call}, but not with these params`;
  const decision = halt(policy, action, "PROFILE_RULE_DENY", reason);
  const details = tools
    .filter((tool) => matchTruth(tool, action, null) === UNKNOWN)
    .map((tool) => unknownCondition(nameOf(profile), tool, action, null));
  return details.length === 0 ? decision : { ...decision, details };
}

/** The profile's part in an explanation, before that of the rules. */
export function profileStep(policy: Policy, action: CanonicalAction): TraceStep[] {
  const { profiles } = policy.compiled.content;
  if (profiles.length === 0) return [];
  const decision = haltByProfile(policy, action);
  const profile = profileOf(profiles, action);
  const rule_id = profile === undefined ? "profile" : nameOf(profile);
  if (decision === null) return [{ rule_id, result: "matched", effect: "allow" }];
  const listed = profile?.tools.map(namesOf) ?? [];
  const seen = profile === undefined ? action.agent_id : `${action.tool} ${action.operation}`;
  const path = profile === undefined ? "agent_id" : "tool";
  const condition = { path, operator: "in", expected: listed, seen, why: decision.reason };
  return [{ rule_id, result: "no_match", effect: "deny", condition }];
}

function profileOf(profiles: readonly Profile[], action: CanonicalAction): Profile | undefined {
  return profiles.find((profile) => profile.agents.matches(action.agent_id));
}

function nameOf(profile: Profile): string {
  return `profile:${profile.name}`;
}

function namesOf({ scope: { tools, operations } }: ProfileTool): string {
  return `${tools.listed.join("|") || "*"} ${operations.listed.join("|") || "*"}`;
}
