import type { EntryDraft } from "@faramesh/core";
import type { ErrorCode, JsonObject, Outcome, Status } from "@faramesh/protocol";
import type { FinalAction, FinalState, Run } from "./final-state.js";
import { type Args, type Changed, type Ending, History, type OperationName, type Sighting } from "./history.js";
import { sealedLedger } from "./sealed-ledger.js";

/** A request on its way. It takes effect once, and is answered afterwards or never. */
export interface Asked {
  take(): void;
  /** Answers what took effect, and says how. */
  answer(): "ok" | "refused" | "unknown";
}

/** A step that a request with a key asks for. */
export type StepName = "approve" | "reject" | "claim" | "cancel";

interface Row extends FinalAction {
  readonly jti: string | null;
  readonly isConsumed: boolean;
  readonly requests: readonly string[];
  /** When its approval, or its lease, is over. */
  readonly endsAtMs: number;
}

type Answer = Ending<StepName>;

const OUTCOMES: Readonly<Record<string, Outcome>> = { allow: "EXECUTE", ask: "ABSTAIN" };
const BIRTHS: Readonly<Record<Outcome, Status>> = { EXECUTE: "allowed", ABSTAIN: "pending_approval", HALT: "denied" };
const GOALS: Readonly<Record<StepName, Status>> = {
  approve: "approved",
  reject: "denied",
  claim: "executing",
  cancel: "cancelled",
};
const UNCLAIMED: readonly Status[] = ["pending_approval", "allowed", "approved"];

/** How long an approval and a lease last. */
export const TERM_MS = 5_000;

/**
 * A gate that is right because it does one thing at a time in memory: tests of the checker take right histories from
 * it. A request is invoked, takes effect and is answered apart, so that requests overlap in every way they can.
 */
export class ReferenceGate {
  readonly history = new History(() => this.nowMs);
  nowMs = 1_000_000;
  readonly #rows = new Map<string, Row>();
  readonly #drafts: EntryDraft[] = [];
  readonly #runs: Run[] = [];
  readonly #stopped = new Set<string>();
  readonly #isDeaf: boolean;
  #policyVersion = 0;

  /** @param isDeaf - What is submitted is decided without the stops and policies since the start: the one way to be wrong. */
  constructor({ isDeaf = false } = {}) {
    this.#isDeaf = isDeaf;
    this.#loadPolicy();
  }

  /** Ids of all actions, in order of submission. */
  get ids(): string[] {
    return [...this.#rows.keys()];
  }

  /** The permit that the claim of an action was given. */
  jtiOf(actionId: string): string | null {
    return this.#rows.get(actionId)?.jti ?? null;
  }

  /** @param mark - Begins with `allow`, `ask` or `deny`: what the policy says. */
  submit(process: string, key: string, mark: string, agentId = "agent"): Asked {
    const args = { key, mark, agentId };
    return this.#asked(process, "submit", args, () => this.#submitted(process, args));
  }

  step(process: string, op: StepName, key: string, actionId: string): Asked {
    return this.#asked(process, op, { key, actionId }, () => this.#stepped(process, op, key, actionId));
  }

  report(process: string, key: string, actionId: string, result = `result of ${actionId}`): Asked {
    const args = { key, actionId, success: true, result };
    return this.#asked(process, "report", args, () => this.#reported(process, args));
  }

  consume(process: string, actionId: string, jti: string): Asked {
    return this.#asked(process, "consume", { actionId, jti }, () => this.#consumed(process, actionId, jti));
  }

  read(process: string, actionId: string): Asked {
    return this.#asked(process, "read", { actionId }, () => {
      const row = this.#rows.get(actionId);
      return row === undefined ? refused("not_found", null) : { kind: "ok", value: sightingOf(row) };
    });
  }

  list(process: string, limit: number): Asked {
    return this.#asked(process, "list", { limit }, () => {
      const rows = [...this.#rows.values()].slice(-limit).reverse().map(sightingOf);
      return { kind: "ok", value: { rows, isLast: rows.length === this.#rows.size } };
    });
  }

  disable(process: string, agentId: string, mark: string): Asked {
    return this.#asked(process, "disable", { agentId, mark }, () => {
      this.#stopped.add(agentId);
      this.#record("agent.disabled", process, { agent_id: agentId, reason: mark });
      const rows = [...this.#rows.values()].filter((row) => row.agentId === agentId && UNCLAIMED.includes(row.status));
      for (const row of rows) this.#write(row, process, { status: "cancelled" });
      return { kind: "ok", value: { isStopped: true } };
    });
  }

  enable(process: string, agentId: string): Asked {
    return this.#asked(process, "enable", { agentId }, () => {
      this.#stopped.delete(agentId);
      this.#record("agent.enabled", process, { agent_id: agentId });
      return { kind: "ok", value: { isStopped: false } };
    });
  }

  changePolicy(process: string): Asked {
    return this.#asked(process, "policy", { name: "next" }, () => {
      return { kind: "ok", value: { version: this.#loadPolicy() } };
    });
  }

  /** An executor runs an action whose claim it was granted, and notes it. */
  run(executor: string, actionId: string): void {
    this.#runs.push({ actionId, executor, jti: this.jtiOf(actionId) ?? "" });
  }

  /** A request with nothing in between. */
  now(asked: Asked): "ok" | "refused" | "unknown" {
    asked.take();
    return asked.answer();
  }

  /** Lets time end whatever is due. */
  sweep(): void {
    for (const row of this.#rows.values()) {
      if (this.nowMs < row.endsAtMs) continue;
      if (row.status === "pending_approval") this.#write(row, "system", { status: "expired" });
      if (row.status === "executing") this.#write(row, "system", { status: "unknown" });
    }
  }

  finalState(): FinalState {
    const ledger = sealedLedger(this.#drafts);
    const events = ledger.flatMap(({ idx, leaf_hash, action_id }) => {
      return action_id === null
        ? []
        : { index: idx, actionId: action_id, leafHash: Buffer.from(leaf_hash).toString("hex") };
    });
    const actions = [...this.#rows.values()];
    return {
      views: ["one", "two"].map((node) => ({ node, actions })),
      ledger,
      runs: [...this.#runs],
      streams: [{ name: "stream", after: -1, agentId: null, events }],
    };
  }

  #asked<Name extends OperationName>(process: string, op: Name, args: Args<Name>, effect: () => Ending<Name>): Asked {
    this.nowMs += 1;
    const tell = this.history.begin(process, op, args);
    let ending: Ending<Name> | null = null;
    return {
      take: () => {
        this.nowMs += 1;
        ending ??= effect();
      },
      answer: () => {
        this.nowMs += 1;
        if (ending === null) throw new Error("what has not taken effect cannot be answered");
        tell(ending);
        return ending.kind;
      },
    };
  }

  #submitted(process: string, { key, mark, agentId }: Args<"submit">): Ending<"submit"> {
    const request = `${process} ${key}`;
    const known = [...this.#rows.values()].find(({ requests }) => requests[0] === request);
    if (known !== undefined) return known.mark === mark ? changed(known, true) : refused("idempotency_conflict", null);
    const outcome =
      this.#stopped.has(agentId) && !this.#isDeaf ? "HALT" : (OUTCOMES[mark.split("-")[0] ?? ""] ?? "HALT");
    const row: Row = {
      id: `action-${String(this.#rows.size).padStart(6, "0")}`,
      version: 1,
      status: BIRTHS[outcome],
      outcome,
      requestHash: `hash of ${mark}`,
      policyVersion: this.#isDeaf ? 1 : this.#policyVersion,
      ledgerIndex: this.#drafts.length,
      claimedBy: null,
      agentId,
      mark,
      result: null,
      jti: null,
      isConsumed: false,
      requests: [request],
      endsAtMs: this.nowMs + TERM_MS,
    };
    this.#rows.set(row.id, row);
    const terms = outcome === "ABSTAIN" ? { approval: { expires_at: timeOf(row.endsAtMs) } } : {};
    this.#record(`action.${row.status}`, process, { ...bodyOf(row), ...terms });
    return changed(row, false);
  }

  #stepped(process: string, op: StepName, key: string, actionId: string): Answer {
    const row = this.#rows.get(actionId);
    if (row === undefined) return refused("not_found", null);
    const request = `${process} ${key}`;
    if (row.requests.includes(request)) return this.#replayed(op, row);
    const refusal = this.#refusal(op, row);
    if (refusal !== null) return refused(refusal, row.status);
    const set = { status: GOALS[op], requests: [...row.requests, request] };
    if (op === "claim") return granted(this.#claimed(row, process, set), false);
    return changed(this.#write(row, process, set), false);
  }

  #replayed(op: StepName, row: Row): Answer {
    if (op !== "claim") return changed(row, true);
    return row.status === "executing" ? granted(row, true) : refused("not_claimable", row.status);
  }

  #refusal(op: StepName, { status, outcome, agentId, endsAtMs }: Row): ErrorCode | null {
    switch (op) {
      case "claim":
        return this.#stopped.has(agentId) || (status !== "allowed" && status !== "approved") ? "not_claimable" : null;
      case "cancel":
        return UNCLAIMED.includes(status) ? null : "conflict";
      case "approve":
      case "reject":
        if (outcome !== "ABSTAIN" || status === "cancelled") return "conflict";
        return status === "pending_approval" && this.nowMs < endsAtMs ? null : "already_decided";
    }
  }

  #claimed(row: Row, process: string, set: Partial<Row>): Row {
    const jti = `permit of ${row.id}`;
    const endsAtMs = this.nowMs + TERM_MS;
    const more = { permit_jti: jti, lease_expires_at: timeOf(endsAtMs) };
    return this.#write(row, process, { ...set, claimedBy: process, jti, endsAtMs }, more);
  }

  #reported(process: string, { key, actionId, result }: Args<"report">): Ending<"report"> {
    const row = this.#rows.get(actionId);
    if (row === undefined) return refused("not_found", null);
    if (row.claimedBy === null) return refused("conflict", row.status);
    if (row.claimedBy !== process) return refused("forbidden", null);
    const request = `${process} ${key}`;
    if (row.requests.includes(request)) return changed(row, true);
    if (row.status !== "executing") return refused("conflict", row.status);
    return changed(
      this.#write(row, process, { status: "succeeded", result, requests: [...row.requests, request] }),
      false,
    );
  }

  #consumed(process: string, actionId: string, jti: string): Ending<"consume"> {
    const row = this.#rows.get(actionId);
    if (row === undefined) return refused("not_found", null);
    if (row.isConsumed) return refused("permit_consumed", null);
    if (row.status !== "executing") return refused("conflict", row.status);
    this.#write(row, process, { isConsumed: true }, { permit_jti: jti }, "permit.consumed");
    return { kind: "ok", value: { jti } };
  }

  #write(before: Row, actor: string, set: Partial<Row>, more: JsonObject = {}, kind?: string): Row {
    const row = { ...before, ...set, version: before.version + 1, ledgerIndex: this.#drafts.length };
    this.#rows.set(row.id, row);
    this.#record(kind ?? `action.${row.status}`, actor, { ...bodyOf(row), ...more });
    return row;
  }

  #loadPolicy(): number {
    const policy_version = ++this.#policyVersion;
    this.#record("policy.activated", "system", { policy_version, policy_hash: `policy ${policy_version}` });
    return policy_version;
  }

  #record(kind: string, actor: string, body: JsonObject): void {
    this.#drafts.push({ kind, atMs: this.nowMs, actor: { id: actor, name: actor, via: "key" }, body });
  }
}

function sightingOf(row: Row): Sighting {
  const { id, version, status, outcome, requestHash, policyVersion, ledgerIndex, claimedBy } = row;
  return { id, version, status, outcome, requestHash, policyVersion, ledgerIndex, claimedBy };
}

function changed(row: Row, replayed: boolean): Ending<"submit"> {
  const value: Changed = { ...sightingOf(row), replayed };
  return { kind: "ok", value };
}

function granted(row: Row, replayed: boolean): Ending<"claim"> {
  return { kind: "ok", value: { ...sightingOf(row), replayed, jti: row.jti ?? "" } };
}

function refused(code: ErrorCode, actionStatus: Status | null): Extract<Ending<"read">, { kind: "refused" }> {
  return { kind: "refused", code, actionStatus };
}

function bodyOf(row: Row): JsonObject {
  return {
    action_id: row.id,
    agent_id: row.agentId,
    status: row.status,
    outcome: row.outcome,
    version: row.version,
    request_hash: row.requestHash,
    policy_version: row.policyVersion,
    policy_hash: `policy ${row.policyVersion}`,
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
