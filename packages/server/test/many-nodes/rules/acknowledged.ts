import type { EntryBody, Evidence } from "../entries.js";
import { grouped } from "../grouped.js";
import { answerOf, type Operation, only, type Sighting, sightingsOf } from "../history.js";
import { type Violation, violation } from "../violation.js";

/** Nothing that was answered is lost: each answer is in the ledger as it was given. */
export function acknowledgedIsKept(evidence: Evidence): Violation[] {
  return [
    ...sightingsAreKept(evidence),
    ...permitsAreKept(evidence),
    ...reportsAreKept(evidence),
    ...stopsAreKept(evidence),
    ...enablesAreCounted(evidence),
    ...policiesAreKept(evidence),
  ];
}

function sightingsAreKept({ history, entryAt }: Evidence): Violation[] {
  return history.flatMap((operation) => {
    const lost = sightingsOf(operation).find((seen) => !isStated(seen, entryAt.get(seen.ledgerIndex)?.body));
    if (lost === undefined) return [];
    const says = `${lost.status} at version ${lost.version} of action ${lost.id} is not what entry ${lost.ledgerIndex} states`;
    return [violation("acknowledged_kept", says, operation)];
  });
}

function isStated(seen: Sighting, body: EntryBody | undefined): boolean {
  return (
    body?.action_id === seen.id &&
    body.version === seen.version &&
    body.status === seen.status &&
    body.outcome === seen.outcome &&
    body.request_hash === seen.requestHash &&
    body.policy_version === seen.policyVersion
  );
}

function permitsAreKept({ history, lives }: Evidence): Violation[] {
  return only(history, "claim", "consume").flatMap((operation) => {
    const value = answerOf<"claim" | "consume">(operation);
    if (value === null) return [];
    const kind = operation.op === "claim" ? "action.executing" : "permit.consumed";
    const entry = lives.get(operation.args.actionId)?.find((each) => each.kind === kind);
    if (entry?.body.permit_jti === value.jti) return [];
    const says = `permit ${value.jti} of action ${operation.args.actionId} has no entry ${kind}`;
    return [violation("acknowledged_kept", says, operation)];
  });
}

/** What was reported is what the action shows for good. */
function reportsAreKept({ history, shown }: Evidence): Violation[] {
  const rows = grouped(shown, ({ id }) => id);
  return only(history, "report").flatMap((operation) => {
    if (operation.ending.kind !== "ok") return [];
    const { actionId, result } = operation.args;
    if (rows.get(actionId)?.every((row) => row.result === result) === true) return [];
    return [violation("acknowledged_kept", `the result of action ${actionId} is another`, operation)];
  });
}

function stopsAreKept({ history, entries }: Evidence): Violation[] {
  const marks = new Set(entries.flatMap(({ kind, body }) => (kind === "agent.disabled" ? [body.reason] : [])));
  const lost = only(history, "disable").filter(({ ending, args }) => ending.kind === "ok" && !marks.has(args.mark));
  return lost.map((operation) => violation("acknowledged_kept", "the stop of an agent has no entry", operation));
}

/** Enabling has no mark, so it is counted: as often as it was answered, and not oftener than it was asked for. */
function enablesAreCounted({ history, entries }: Evidence): Violation[] {
  const asked = grouped(only(history, "enable"), ({ args }) => args.agentId);
  return [...asked].flatMap(([agentId, operations]) => {
    const kept = entries.filter(({ kind, body }) => kind === "agent.enabled" && body.agent_id === agentId).length;
    const answered = operations.filter(({ ending }) => ending.kind === "ok").length;
    const possible = operations.filter(({ ending }) => ending.kind !== "refused").length;
    if (kept >= answered && kept <= possible) return [];
    const says = `${agentId} was enabled ${answered} to ${possible} times and the ledger says ${kept}`;
    return [violation("acknowledged_kept", says, ...operations)];
  });
}

function policiesAreKept({ history, entries }: Evidence): Violation[] {
  const loaded = new Set(
    entries.flatMap(({ kind, body }) => (kind === "policy.activated" ? [body.policy_version] : [])),
  );
  return only(history, "policy").flatMap((operation: Operation<"policy">) => {
    const version = answerOf(operation)?.version;
    if (version === undefined || loaded.has(version)) return [];
    return [violation("acknowledged_kept", `policy version ${version} has no entry`, operation)];
  });
}
