import { EMPTY_FRONTIER } from "@faramesh/core";
import type { Status } from "@faramesh/protocol";
import { LedgerTail } from "../../../src/store/ledger-tail.js";
import { LedgerMismatchError } from "../../../src/store/store.js";
import type { Entry, Evidence } from "../entries.js";
import { birthOf, leadsTo } from "../life.js";
import { type Violation, violation } from "../violation.js";

/** The ledger is one sequence without a gap, every hash and root is what the entries make, and there is one of it. */
export function ledgerIsWhole({ final }: Evidence): Violation[] {
  const tail = new LedgerTail(EMPTY_FRONTIER);
  try {
    for (const row of final.ledger) tail.add(row);
    tail.finish();
    return [];
  } catch (error) {
    if (!(error instanceof LedgerMismatchError || error instanceof SyntaxError)) throw error;
    return [violation("ledger_whole", error.message)];
  }
}

/** Each action's entries stand in the order of its versions, go no way that a life cannot go, and keep to their times. */
export function livesAreLawful({ lives }: Evidence): Violation[] {
  return [...lives].flatMap(([id, entries]) => {
    const fault = faultOf(entries);
    return fault === null ? [] : [violation("ledger_life", `action ${id}: ${fault}`)];
  });
}

/** What a step must not change: on this it was decided, approved and claimed. */
const FIXED = [
  "agent_id",
  "tool",
  "operation",
  "request_hash",
  "outcome",
  "decision",
  "policy_version",
  "policy_hash",
] as const;

function faultOf(entries: readonly Entry[]): string | null {
  const [first] = entries;
  if (first === undefined) return null;
  if (!isBirth(first)) return `entry ${first.index} begins it as ${first.kind}`;
  for (const [place, entry] of entries.entries()) {
    const { index, kind, body } = entry;
    const before = entries[place - 1];
    if (body.version !== place + 1) return `entry ${index} is version ${body.version}, not ${place + 1}`;
    if (before !== undefined && !follows(before, entry)) return `entry ${index}, ${kind}, follows ${before.kind}`;
    if (FIXED.some((field) => body[field] !== first.body[field])) return `entry ${index} is of another action`;
  }
  return faultInTime(entries);
}

function isBirth({ body: { outcome, status } }: Entry): boolean {
  return outcome !== undefined && status === birthOf(outcome);
}

function follows(before: Entry, entry: Entry): boolean {
  if (entry.kind !== "permit.consumed") return leadsTo(statusOf(before), statusOf(entry));
  return before.kind === "action.executing" && statusOf(entry) === "executing";
}

/** Nobody approves when the time for it is over, and nothing is ended before. */
function faultInTime(entries: readonly Entry[]): string | null {
  const claim = entries.find(({ kind }) => kind === "action.executing");
  const approvalEndsAtMs = Date.parse(entries[0]?.body.approval?.expires_at ?? "");
  const leaseEndsAtMs = Date.parse(claim?.body.lease_expires_at ?? "");
  for (const { index, kind, atMs, actor } of entries) {
    const isAnswer = kind === "action.approved" || (kind === "action.denied" && index !== entries[0]?.index);
    if (isAnswer && atMs >= approvalEndsAtMs) return `entry ${index}: ${actor.name} answered when the time was over`;
    if (kind === "action.expired" && atMs < approvalEndsAtMs) return `entry ${index} expires it before its time`;
    if (kind === "action.unknown" && atMs < leaseEndsAtMs) return `entry ${index} ends a lease before its time`;
  }
  return null;
}

function statusOf({ body }: Entry): Status {
  return body.status as Status;
}
