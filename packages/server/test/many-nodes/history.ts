import type { ErrorCode, Outcome, Status } from "@faramesh/protocol";

/** What an answer shows of an action. */
export interface Sighting {
  readonly id: string;
  readonly version: number;
  readonly status: Status;
  readonly outcome: Outcome;
  readonly requestHash: string;
  readonly policyVersion: number | null;
  readonly ledgerIndex: number;
  /** The name of whoever holds the claim. */
  readonly claimedBy: string | null;
}

/** An action as a request to change it left it; `replayed` when the gate says that the request was made before. */
export interface Changed extends Sighting {
  readonly replayed: boolean;
}

interface OnAction {
  readonly actionId: string;
}

interface Keyed extends OnAction {
  /** The idempotency key, which all attempts of one request share. */
  readonly key: string;
}

/** The newest actions, the newest first. */
interface Page {
  readonly rows: readonly Sighting[];
  /** No others match. */
  readonly isLast: boolean;
}

/** Whether an agent is stopped, after a request to stop or enable it. */
interface Stopped {
  readonly isStopped: boolean;
}

/** Every operation: what it is asked with, and what it answers. */
interface Operations {
  /** `mark` is in the params and in no other request's. */
  submit: { args: { readonly key: string; readonly mark: string; readonly agentId: string }; value: Changed };
  approve: { args: Keyed; value: Changed };
  reject: { args: Keyed; value: Changed };
  claim: { args: Keyed; value: Changed & { readonly jti: string } };
  report: { args: Keyed & { readonly success: boolean; readonly result: string }; value: Changed };
  cancel: { args: Keyed; value: Changed };
  consume: { args: OnAction & { readonly jti: string }; value: { readonly jti: string } };
  read: { args: OnAction; value: Sighting };
  /** A read that is held while the status is `known`. */
  wait: { args: OnAction & { readonly known: Status; readonly holdMs: number }; value: Sighting };
  list: { args: { readonly limit: number }; value: Page };
  /** `mark` is the reason that the ledger keeps. */
  disable: { args: { readonly agentId: string; readonly mark: string }; value: Stopped };
  enable: { args: { readonly agentId: string }; value: Stopped };
  policy: { args: { readonly name: string }; value: { readonly version: number } };
}

export type OperationName = keyof Operations;
export type Args<Name extends OperationName> = Operations[Name]["args"];
export type Value<Name extends OperationName> = Operations[Name]["value"];

/** How an attempt ended. `unknown`: no answer came, so it may have taken effect, may do so later, or never. */
export type Ending<Name extends OperationName> =
  | { readonly kind: "ok"; readonly value: Value<Name> }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly actionStatus: Status | null }
  | { readonly kind: "unknown" };

interface Attempt<Name extends OperationName> {
  /** Whose it is: the name of the key it was made with. */
  readonly process: string;
  readonly op: Name;
  readonly args: Args<Name>;
  /** Its place in the one order of all invocations and answers. */
  readonly invoked: number;
  readonly invokedAtMs: number;
  /** Infinity where no answer came. */
  returned: number;
  returnedAtMs: number;
  ending: Ending<Name>;
}

/** One attempt of one request, as the process that made it saw it. Retries are operations of their own. */
export type Operation<Name extends OperationName = OperationName> = { [Each in Name]: Attempt<Each> }[Name];

/** Notes what clients asked and were answered, in one order: that of the process which holds all clients. */
export class History {
  readonly operations: Operation[] = [];
  readonly #nowMs: () => number;
  #events = 0;
  #answered = 0;

  /** @param nowMs - Milliseconds on a clock that is never set. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** How many attempts were answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Notes an invocation; the answer, if one comes, is told to what is returned. */
  begin<Name extends OperationName>(process: string, op: Name, args: Args<Name>): (ending: Ending<Name>) => void {
    const attempt: Attempt<Name> = {
      process,
      op,
      args,
      invoked: this.#events++,
      invokedAtMs: this.#nowMs(),
      returned: Number.POSITIVE_INFINITY,
      returnedAtMs: Number.POSITIVE_INFINITY,
      ending: { kind: "unknown" },
    };
    this.operations.push(attempt as Operation);
    return (ending) => {
      if (ending.kind === "unknown") return;
      this.#answered++;
      attempt.returned = this.#events++;
      attempt.returnedAtMs = this.#nowMs();
      attempt.ending = ending;
    };
  }
}

/** The operations of some kinds. */
export function only<Name extends OperationName>(
  operations: readonly Operation[],
  ...names: readonly Name[]
): Operation<Name>[] {
  const wanted: ReadonlySet<OperationName> = new Set(names);
  return operations.filter((operation) => wanted.has(operation.op)) as Operation<Name>[];
}

/** The value of an operation that was answered with one. */
export function answerOf<Name extends OperationName>(operation: Attempt<Name>): Value<Name> | null {
  return operation.ending.kind === "ok" ? operation.ending.value : null;
}

/** Every action that an answer shows. */
export function sightingsOf(operation: Operation): readonly Sighting[] {
  if (operation.ending.kind !== "ok") return [];
  const { value } = operation.ending;
  if ("ledgerIndex" in value) return [value];
  return "rows" in value ? value.rows : [];
}
