import type { Action, ActionEvent, DecideAnswer, Problem } from "@faramesh/protocol";
import { FarameshConnectionError } from "./errors.js";

/** One result of a batch: the action, or what was wrong with it. */
export type BatchResult = { action: Action; error?: never } | { error: Problem; action?: never };

const ACTION_TEXTS = ["id", "agent_id", "tool", "operation", "status", "decision", "outcome", "request_hash"] as const;
const DECISION_TEXTS = ["outcome", "effect", "reason_code", "reason", "request_hash"] as const;
const EVENT_TEXTS = ["type", "action_id", "status"] as const;

/** Whether a parsed value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for an answer that is not in words that are understood. Nothing may run on it. */
export function badResponse(message: string, status?: number): FarameshConnectionError {
  return new FarameshConnectionError(message, { code: "bad_response", status });
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not an action. */
export function readAction(answer: unknown): Action {
  const fields = withTexts(answer, ACTION_TEXTS, "an action");
  if (!isObject(fields["params"])) throw badResponse("The gate's answer is not an action: it has no params");
  return fields as unknown as Action;
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not an array of actions. */
export function readActions(answer: unknown): Action[] {
  return listOf(answer).map(readAction);
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not one result for each action sent. */
export function readBatch(answer: unknown, sentCount: number): BatchResult[] {
  const results = listOf(isObject(answer) ? answer["results"] : undefined);
  if (results.length !== sentCount) {
    throw badResponse(`The gate answered ${results.length} results for ${sentCount} actions`);
  }
  return results.map(readBatchResult);
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not a decision. */
export function readDecision(answer: unknown): DecideAnswer {
  return withTexts(answer, DECISION_TEXTS, "a decision") as unknown as DecideAnswer;
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not an event. */
export function readEvent(answer: unknown): ActionEvent {
  const fields = withTexts(answer, EVENT_TEXTS, "an event");
  if (!Number.isSafeInteger(fields["ledger_index"])) throw badResponse("The gate's event has no ledger_index");
  return fields as unknown as ActionEvent;
}

/** @throws {@link FarameshConnectionError} `bad_response` when the answer is not an array of events. */
export function readEvents(answer: unknown): ActionEvent[] {
  return listOf(answer).map(readEvent);
}

/**
 * An answer that is an object with these texts.
 *
 * @param what - What it should be, for the message: `an action`.
 * @throws {@link FarameshConnectionError} `bad_response`
 */
export function withTexts(answer: unknown, names: readonly string[], what: string): Readonly<Record<string, unknown>> {
  if (!isObject(answer)) throw badResponse(`The gate's answer is not ${what}`);
  const missing = names.find((name) => typeof answer[name] !== "string");
  if (missing !== undefined) throw badResponse(`The gate's answer is not ${what}: it has no ${missing}`);
  return answer;
}

function readBatchResult(result: unknown): BatchResult {
  if (isObject(result) && result["action"] !== undefined) return { action: readAction(result["action"]) };
  const error = isObject(result) ? result["error"] : undefined;
  return { error: withTexts(error, ["code"], "a result of the batch") as unknown as Problem };
}

function listOf(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw badResponse("The gate's answer is not a JSON array");
}
