import type { Entry, Evidence } from "../entries.js";
import { answerOf, type Operation, only } from "../history.js";
import { type Violation, violation } from "../violation.js";

/** How long after it was answered a change of what is decided by may take to reach every node. */
export const PROPAGATION_MS = 1_000;

/** Something that was granted to an agent while the ledger has it as stopped. */
interface Late {
  readonly stop: Operation<"disable">;
  readonly granted: Operation<"submit" | "approve" | "claim">;
  /** From the stop's answer to the asking; negative when it was asked before. */
  readonly lagMs: number;
}

/**
 * Nothing that is asked for 1 s after a stop was answered is granted to that agent, until it is enabled: no submission
 * is EXECUTE, no approval and no claim succeeds. Which came first, stop or enabling, is told by the ledger.
 */
export function stoppedAgentsAreGrantedNothing(evidence: Evidence): Violation[] {
  return grantsAfterStop(evidence)
    .filter(({ lagMs }) => lagMs >= PROPAGATION_MS)
    .map(({ stop, granted, lagMs }) =>
      violation("agent_stopped", `${granted.op} was granted ${Math.round(lagMs)} ms after the stop`, stop, granted),
    );
}

/** How long after a stop was answered something was still asked for and granted, at the most. */
export function stopLagMs(evidence: Evidence): number {
  return grantsAfterStop(evidence).reduce((most, { lagMs }) => Math.max(most, lagMs), 0);
}

function grantsAfterStop(evidence: Evidence): Late[] {
  const stops = only(evidence.history, "disable").filter(({ ending }) => ending.kind === "ok");
  const grants = only(evidence.history, "submit", "approve", "claim").filter(isGrant);
  return stops.flatMap((stop) => {
    const force = forceOf(evidence, stop);
    if (force === null) return [];
    const late = grants.filter((grant) => {
      const ledgerIndex = grant.ending.kind === "ok" ? grant.ending.value.ledgerIndex : -1;
      return ledgerIndex > force.from && ledgerIndex < force.to && agentOf(evidence, ledgerIndex) === stop.args.agentId;
    });
    return late.map((granted) => ({ stop, granted, lagMs: granted.invokedAtMs - stop.returnedAtMs }));
  });
}

/** Where in the ledger a stop is in force: from its entry to the next that enables the agent. */
function forceOf({ entries }: Evidence, { args }: Operation<"disable">): { from: number; to: number } | null {
  const begin = entries.find(({ kind, body }) => kind === "agent.disabled" && body.reason === args.mark);
  if (begin === undefined) return null;
  const isEnd = ({ index, kind, body }: Entry): boolean =>
    index > begin.index && kind === "agent.enabled" && body.agent_id === args.agentId;
  return { from: begin.index, to: entries.find(isEnd)?.index ?? Number.POSITIVE_INFINITY };
}

function isGrant({ ending, op }: Operation<"submit" | "approve" | "claim">): boolean {
  if (ending.kind !== "ok" || ending.value.replayed) return false;
  return op !== "submit" || ending.value.outcome === "EXECUTE";
}

function agentOf({ entryAt }: Evidence, ledgerIndex: number): unknown {
  return entryAt.get(ledgerIndex)?.body.agent_id;
}

/** An older policy version that decided after a newer one was answered to be active. */
interface Outdated {
  readonly change: Operation<"policy">;
  readonly submit: Operation<"submit">;
  readonly lagMs: number;
}

/** What is submitted 1 s after a policy was answered to be active is decided by it or a newer one, and by none unrecorded. */
export function newestPolicyDecides(evidence: Evidence): Violation[] {
  const late = outdated(evidence)
    .filter(({ lagMs }) => lagMs >= PROPAGATION_MS)
    .map(({ change, submit, lagMs }) =>
      violation("policy_in_force", `an older policy decided ${Math.round(lagMs)} ms later`, change, submit),
    );
  return [...late, ...unrecordedPolicies(evidence)];
}

/** How long after a change of policy was answered an older version still decided, at the most. */
export function policyLagMs(evidence: Evidence): number {
  return outdated(evidence).reduce((most, { lagMs }) => Math.max(most, lagMs), 0);
}

function outdated({ history }: Evidence): Outdated[] {
  const submits = only(history, "submit").filter(({ ending }) => ending.kind === "ok" && !ending.value.replayed);
  return only(history, "policy").flatMap((change) => {
    const version = answerOf(change)?.version;
    if (version === undefined) return [];
    const late = submits.filter((submit) => {
      return submit.invoked > change.returned && (answerOf(submit)?.policyVersion ?? 0) < version;
    });
    return late.map((submit) => ({ change, submit, lagMs: submit.invokedAtMs - change.returnedAtMs }));
  });
}

function unrecordedPolicies({ entries }: Evidence): Violation[] {
  const loaded = new Set<unknown>();
  return entries.flatMap(({ index, kind, body }) => {
    if (kind === "policy.activated") loaded.add(body.policy_hash);
    if (body.policy_hash === undefined || loaded.has(body.policy_hash)) return [];
    return [violation("policy_in_force", `entry ${index} was decided by a policy that had not been recorded`)];
  });
}
