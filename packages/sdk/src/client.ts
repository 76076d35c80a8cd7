import type { Action, ActionEvent, DecideAnswer, PermitClaims } from "@faramesh/protocol";
import {
  type ActionPage,
  type ApprovalOptions,
  type CallOptions,
  type ChangeOptions,
  type ConsumedPermit,
  cancel,
  consumePermit,
  decide,
  type GetOptions,
  getAction,
  type HoldOptions,
  type ListFilters,
  listActionEvents,
  listActions,
  type Report,
  report,
  resolveApproval,
  type StartOptions,
  start,
  submit,
  submitBatch,
} from "./calls.js";
import { type StreamOptions, streamEvents } from "./events.js";
import { type Governed, type GovernOptions, govern } from "./govern.js";
import { type Execution, executeIfAllowed, type GuardedAction } from "./guard.js";
import type { ActionInput } from "./hash.js";
import { checkPermit, type PermitChecks, type PermittedCall, permitKeyId } from "./permit.js";
import { type JsonWebKeySet, PermitKeys } from "./permit-keys.js";
import type { BatchResult } from "./read-answer.js";
import { type ClientOptions, resolveSettings } from "./settings.js";
import { Transport } from "./transport.js";
import { type WaitOptions, waitForApproval, waitForCompletion } from "./wait.js";

/** How a permit is verified. */
export interface VerifyOptions extends PermitChecks, CallOptions {
  /** The gate's public keys. Fetched from the gate, and kept, when left out. */
  keys?: JsonWebKeySet | undefined;
}

/**
 * One gate, as one principal sees it. Every method throws a {@link FarameshError} with a `code`; an answer of HALT or
 * ABSTAIN is an answer, and thrown by the guard and the waits alone.
 */
export interface Client {
  /** Submits an action and answers it as decided: allowed, denied or pending approval. */
  submitAction(action: ActionInput, options?: ChangeOptions & HoldOptions): Promise<Action>;
  /** Submits 1 to 1,000 actions, each answered with its action or its error, order kept. Not repeated if it breaks off. */
  submitActions(actions: readonly ActionInput[], options?: ChangeOptions): Promise<BatchResult[]>;
  /** One action; with `waitSeconds`, as soon as its status has changed. */
  getAction(id: string, options?: GetOptions): Promise<Action>;
  /** Actions, newest first. */
  listActions(filters?: ListFilters, options?: CallOptions): Promise<Action[]>;
  /** Actions, newest first, with the way to the next page. */
  listActionsPage(filters?: ListFilters, options?: CallOptions): Promise<ActionPage>;
  /** Everything that happened to an action, oldest first. */
  listActionEvents(id: string, options?: CallOptions): Promise<ActionEvent[]>;
  /** Approves an action that is pending. Throws {@link ConflictError} when it is too late. */
  approveAction(id: string, options?: ApprovalOptions): Promise<Action>;
  /** Rejects an action that is pending. Throws {@link ConflictError} when it is too late. */
  rejectAction(id: string, options?: ApprovalOptions): Promise<Action>;
  /** An older name of `rejectAction`. */
  denyAction(id: string, options?: ApprovalOptions): Promise<Action>;
  /** Claims an action for running; whoever wins runs `params` of the answer. Throws {@link ConflictError} else. */
  startAction(id: string, options?: StartOptions): Promise<Action>;
  /** Reports what came of a claimed action. */
  reportResult(id: string, result: Report, options?: ChangeOptions): Promise<Action>;
  /** Withdraws an action before it runs. */
  cancelAction(id: string, options?: ChangeOptions & { reason?: string | undefined }): Promise<Action>;
  /** Waits until a person has approved; throws {@link ActionDenied} or {@link ApprovalTimeout} when that fails. */
  waitForApproval(action: Action | string, options?: WaitOptions): Promise<Action>;
  /** Waits until nothing can change the action any more; throws {@link CompletionTimeout} when the wait is over. */
  waitForCompletion(action: Action | string, options?: WaitOptions): Promise<Action>;
  /** Streams events as they come, over broken connections, without loss or repetition. */
  streamEvents(options?: StreamOptions): AsyncGenerator<ActionEvent, void>;
  /** Asks what the gate would answer. Nothing is stored, nothing is granted. */
  gateDecide(action: ActionInput, options?: CallOptions & { explain?: boolean | undefined }): Promise<DecideAnswer>;
  /** Submits, claims, runs the executor and reports; see {@link GuardedAction}. */
  executeIfAllowed<P extends object, R>(guarded: GuardedAction<P, R>): Promise<Execution<R>>;
  /** Puts a function behind the gate. */
  govern<A extends unknown[], R>(fn: (...args: A) => R | PromiseLike<R>, options: GovernOptions): Governed<A, R>;
  /** Checks that a permit proves that exactly this call may run now; throws {@link InvalidPermitError} if not. */
  verifyPermit(permit: string, call: PermittedCall, options?: VerifyOptions): Promise<PermitClaims>;
  /** Uses a permit up, once across all executors; throws {@link ConflictError} `permit_consumed` the second time. */
  consumePermit(permit: string, options?: CallOptions): Promise<ConsumedPermit>;
}

/**
 * A client of one gate.
 *
 * @throws {@link FarameshConfigError} for settings that cannot work or would not be safe.
 */
export function createClient(options: ClientOptions = {}): Client {
  const transport = new Transport(resolveSettings(options));
  const permitKeys = new PermitKeys(transport);
  const reject: Client["rejectAction"] = async (id, more) => transport.send(resolveApproval(id, false, more));
  return {
    submitAction: async (action, more) => transport.send(submit(action, more)),
    submitActions: async (actions, more) => transport.send(submitBatch(actions, more)),
    getAction: async (id, more) => transport.send(getAction(id, more)),
    listActions: async (filters, more) => (await transport.send(listActions(filters, more))).actions,
    listActionsPage: async (filters, more) => transport.send(listActions(filters, more)),
    listActionEvents: async (id, more) => transport.send(listActionEvents(id, more)),
    approveAction: async (id, more) => transport.send(resolveApproval(id, true, more)),
    rejectAction: reject,
    denyAction: reject,
    startAction: async (id, more) => transport.send(start(id, more)),
    reportResult: async (id, result, more) => transport.send(report(id, result, more)),
    cancelAction: async (id, more) => transport.send(cancel(id, more)),
    waitForApproval: (action, more = {}) => waitForApproval(transport, action, more),
    waitForCompletion: (action, more = {}) => waitForCompletion(transport, action, more),
    streamEvents: (more = {}) => streamEvents(transport, more),
    gateDecide: async (action, more) => transport.send(decide(action, more)),
    executeIfAllowed: (guarded) => executeIfAllowed(transport, guarded),
    govern: (fn, more) => govern((guarded) => executeIfAllowed(transport, guarded), fn, more),
    verifyPermit: async (permit, call, more = {}) =>
      checkPermit(permit, call, more.keys ?? (await permitKeys.keysFor(permitKeyId(permit), more)), more),
    consumePermit: async (permit, more) => transport.send(consumePermit(permit, more)),
  };
}
