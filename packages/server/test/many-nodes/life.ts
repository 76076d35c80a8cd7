import type { Outcome, Status } from "@faramesh/protocol";
import type { Changed, Ending, Operation, Sighting } from "./history.js";

/** An action as the model has it; null before it is submitted. */
export type Life = {
  readonly status: Status;
  readonly version: number;
  /** Who holds the claim. */
  readonly holder: string | null;
  /** The permit of the claim; null also where its answer was lost. */
  readonly jti: string | null;
  readonly isConsumed: boolean;
  /** The requests that took effect. */
  readonly requests: readonly string[];
} | null;

/** Steps that a request with an idempotency key asks for. */
export type Step = Operation<"approve" | "reject" | "claim" | "report" | "cancel">;

/** How an outcome begins a life. */
const BIRTHS: Readonly<Record<Outcome, Status>> = { EXECUTE: "allowed", ABSTAIN: "pending_approval", HALT: "denied" };

/** Where a life may go from each status; a status that is not here is final. */
const WAYS: Partial<Readonly<Record<Status, readonly Status[]>>> = {
  allowed: ["executing", "cancelled"],
  pending_approval: ["approved", "denied", "expired", "cancelled"],
  approved: ["executing", "cancelled"],
  executing: ["succeeded", "failed", "unknown"],
};

export function birthOf(outcome: Outcome): Status {
  return BIRTHS[outcome];
}

/** Whether an action may go from one status to another. */
export function leadsTo(from: Status, to: Status): boolean {
  return WAYS[from]?.includes(to) === true;
}

export function requestOf({ process, args: { key } }: { process: string; args: { key: string } }): string {
  return `${process} ${key}`;
}

/** The life after it went one way, or undefined where there is no such way. */
export function onTo(life: Life, to: Status): Life | undefined {
  if (life === null || !leadsTo(life.status, to)) return undefined;
  return { ...life, status: to, version: life.version + 1 };
}

/** The life after a submission took effect. */
export function born(life: Life, outcome: Outcome, request: string): Life | undefined {
  if (life !== null) return undefined;
  return { status: birthOf(outcome), version: 1, holder: null, jti: null, isConsumed: false, requests: [request] };
}

/** The life after a step took effect, or undefined where the status does not allow it. */
export function stepped(life: Life, step: Step): Life | undefined {
  if (life === null) return undefined;
  if (step.op === "report" && life.holder !== step.process) return undefined;
  const next = onTo(life, goalOf(step));
  if (next === undefined || next === null) return undefined;
  const claim = step.op === "claim" ? { holder: step.process, jti: jtiOf(step.ending) } : {};
  return { ...next, ...claim, requests: [...life.requests, requestOf(step)] };
}

/** The life after a permit was used up. */
export function consumed(life: Life, jti: string): Life | undefined {
  if (life?.status !== "executing" || life.isConsumed || (life.jti !== null && life.jti !== jti)) return undefined;
  return { ...life, isConsumed: true, jti, version: life.version + 1 };
}

/** Whether an answer shows the action as it is. */
export function shows(life: Life, seen: Sighting): boolean {
  return life?.version === seen.version && life.status === seen.status && life.holder === seen.claimedBy;
}

/** Whether a request that took effect before may be answered so. */
export function replays(life: Life, request: string, seen: Changed & { readonly jti?: string }): boolean {
  if (life === null || !life.requests.includes(request) || !shows(life, seen)) return false;
  return seen.jti === undefined || life.jti === null || life.jti === seen.jti;
}

function goalOf(step: Step): Status {
  switch (step.op) {
    case "approve":
      return "approved";
    case "reject":
      return "denied";
    case "claim":
      return "executing";
    case "cancel":
      return "cancelled";
    case "report":
      return step.args.success ? "succeeded" : "failed";
  }
}

function jtiOf(ending: Ending<"claim"> | Step["ending"]): string | null {
  return ending.kind === "ok" && "jti" in ending.value ? ending.value.jti : null;
}
