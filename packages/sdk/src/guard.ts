import type { Action, Effect, Outcome, ReasonCode } from "@faramesh/protocol";
import { type ChangeOptions, type Report, report, start, submitText } from "./calls.js";
import { ApprovalRequired, ConflictError, deniedError, FarameshError } from "./errors.js";
import type { ActionInput } from "./hash.js";
import { badResponse } from "./read-answer.js";
import { failureReport, successReport } from "./report-body.js";
import { checkClaim, paramsToRun, type Submission, takeSubmission } from "./submission.js";
import type { Transport } from "./transport.js";
import { waitForApproval } from "./wait.js";

/** What an executor is given beside the params. */
export interface Run {
  /** The action as claimed. */
  readonly action: Action;
  /** The signed proof that this action may run now, for an executor elsewhere to check with `verifyPermit`. */
  readonly permit: string;
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
}

/** How an action is guarded. */
export interface GuardOptions extends ChangeOptions {
  /** Seconds to wait for a person where one is needed. Without it, `ApprovalRequired` is thrown at once. */
  waitSeconds?: number | undefined;
  /** Seconds until the claim lapses without a report. Default 900; give more than the executor may take. */
  leaseSeconds?: number | undefined;
  /** Told when the action is held for approval, before the wait begins. */
  onPending?: ((action: Action) => void) | undefined;
  /** Told when the executor ran, but the gate could not be told so: the action will end as `unknown`. */
  onReportFailed?: ((error: FarameshError, action: Action) => void) | undefined;
}

/** An action and the code that performs it. */
export interface GuardedAction<P extends object, R> extends ActionInput, GuardOptions {
  params: P;
  /**
   * Performs the action. Called once, or never. Its params are the caller's own object, or those the gate returned
   * where they differ (then plain JSON data of the same meaning as an edit by a person left it).
   */
  executor: (params: P, run: Run) => R | PromiseLike<R>;
}

interface Claim {
  readonly action: Action;
  readonly permit: string;
}

interface Reported {
  /** The action as reported, or as it was before where the report failed. */
  readonly latest: Action;
  readonly reportError: FarameshError | null;
}

/** An action that ran. */
export interface Execution<R> {
  outcome: Outcome;
  decision: Effect;
  reason_code: ReasonCode;
  executed: true;
  action_id: string;
  /** What the executor returned: the very object. */
  result: R;
  /** An older name of `result`. */
  execution_result: R;
  /** Whether the gate knows of it. If not, `report_error` says why, and the action will end as `unknown`. */
  reported: boolean;
  report_error: FarameshError | null;
  /** The action as reported, or as claimed where the report failed. */
  action: Action;
}

/**
 * Submits an action, waits where a person must approve and the caller wants to wait, claims it, runs the executor,
 * and reports. The executor is called only when the answer is exactly that it may be, and the claim was won; whatever
 * is not understood, and a gate that cannot be reached, throws instead.
 *
 * An executor that throws is reported as failed, and its own exception goes on to the caller.
 *
 * @throws {@link ActionDenied}, {@link ApprovalRequired}, {@link ApprovalTimeout}, {@link ConflictError} when the
 *   action was already claimed, {@link FarameshConnectionError} and the other {@link FarameshError}s: it did not run.
 */
export async function executeIfAllowed<P extends object, R>(
  transport: Transport,
  guarded: GuardedAction<P, R>,
): Promise<Execution<R>> {
  assertExecutor(guarded.executor);
  const submission = await takeSubmission<P>(guarded);
  const { signal, idempotencyKey } = guarded;
  const submitted = await transport.send(submitText(submission.canonicalText, { signal, idempotencyKey }));
  const action = await letThrough(transport, submitted, guarded);
  const claimed = await claim(transport, submission, action, guarded);
  return run(transport, submission, claimed, guarded);
}

/** The action, once it may be claimed. */
async function letThrough(transport: Transport, submitted: Action, options: GuardOptions): Promise<Action> {
  if (mayClaim(submitted)) return submitted;
  if (options.waitSeconds === undefined) throw new ApprovalRequired(submitted);
  options.onPending?.(submitted);
  const { waitSeconds, signal } = options;
  const decided = await waitForApproval(transport, submitted, { waitSeconds, signal });
  if (mayClaim(decided)) return decided;
  throw new ApprovalRequired(decided);
}

/**
 * Whether an action may be claimed (true) or waits for a person (false). Only words that mean exactly one of these
 * count; everything else throws.
 */
function mayClaim(action: Action): boolean {
  const { status, outcome, decision } = action;
  if (status === "allowed" && outcome === "EXECUTE" && decision === "allow") return true;
  if (status === "approved" && (outcome === "ABSTAIN" || outcome === "EXECUTE")) return true;
  if (status === "pending_approval" && outcome === "ABSTAIN") return false;
  if (status === "denied" || status === "expired" || status === "cancelled") throw deniedError(action);
  if (status === "executing" || status === "succeeded" || status === "failed" || status === "unknown") {
    throw new ConflictError(`Action ${action.id} was already claimed (it is ${status}); it did not run again.`, {
      code: "not_claimable",
      actionStatus: status,
    });
  }
  throw badResponse(
    `The gate's answer is not understood (status ${status}, outcome ${outcome}, decision ${decision}), so nothing may run`,
  );
}

async function claim(
  transport: Transport,
  submission: Submission<object>,
  action: Action,
  { leaseSeconds, signal }: GuardOptions,
): Promise<Claim> {
  const claimed = await transport.send(start(action.id, { leaseSeconds, signal }));
  try {
    const permit = await checkClaim(submission, action.id, claimed);
    signal?.throwIfAborted();
    return { action: claimed, permit };
  } catch (error) {
    await sendReport(transport, action, failureReport(error));
    throw error;
  }
}

async function run<P extends object, R>(
  transport: Transport,
  submission: Submission<P>,
  { action, permit }: Claim,
  guarded: GuardedAction<P, R>,
): Promise<Execution<R>> {
  let result: R;
  try {
    // A person who edits params keeps their shape; that is as much as a type can say of them here.
    const params = paramsToRun(submission, action) as P;
    result = await guarded.executor(params, { action, permit, signal: guarded.signal });
  } catch (error) {
    const { reportError } = await sendReport(transport, action, failureReport(error));
    tell(guarded, reportError, action);
    throw error;
  }
  const { latest, reportError } = await sendReport(transport, action, successReport(result));
  tell(guarded, reportError, action);
  return execution(latest, result, reportError);
}

/** Never throws: what ran has run, and the caller learns what came of it whether or not the gate does. */
async function sendReport(transport: Transport, action: Action, body: Report): Promise<Reported> {
  try {
    // Not ended by the caller's signal: giving up on a result does not undo it.
    return { latest: await transport.send(report(action.id, body)), reportError: null };
  } catch (error) {
    const reportError =
      error instanceof FarameshError
        ? error
        : new FarameshError("The report could not be sent.", { code: "unreachable", cause: error });
    return { latest: action, reportError };
  }
}

function tell(options: GuardOptions, reportError: FarameshError | null, action: Action): void {
  if (reportError === null) return;
  try {
    options.onReportFailed?.(reportError, action);
  } catch {
    // A listener's own failure must not stand in for the executor's result or exception.
  }
}

function execution<R>(action: Action, result: R, reportError: FarameshError | null): Execution<R> {
  return {
    outcome: action.outcome,
    decision: action.decision,
    reason_code: action.reason_code,
    executed: true,
    action_id: action.id,
    result,
    execution_result: result,
    reported: reportError === null,
    report_error: reportError,
    action,
  };
}

function assertExecutor(executor: unknown): void {
  // Before anything is submitted: an action without an executor would be claimed for nothing.
  if (typeof executor !== "function") throw new TypeError("executor must be a function that takes the params");
}
