import type { Action, JsonObject } from "@faramesh/protocol";
import { InvalidActionError } from "./errors.js";
import { type ActionInput, canonicalText, requestHash, sha256Hex } from "./hash.js";
import { badResponse } from "./read-answer.js";

/** What the caller submitted: the objects themselves, and what they said at that moment. */
export interface Submission<P extends object> {
  readonly input: ActionInput & { readonly params: P };
  readonly canonicalText: string;
  readonly requestHash: string;
}

/** @throws {@link InvalidActionError} where the action has no canonical form. */
export async function takeSubmission<P extends object>(input: ActionInput & { params: P }): Promise<Submission<P>> {
  const { agent_id, tool, operation, params, context } = input;
  const fields = { agent_id, tool, operation, params, ...(context === undefined ? {} : { context }) };
  const text = canonicalText(fields);
  return { input: fields, canonicalText: text, requestHash: await sha256Hex(text) };
}

/**
 * Checks that a claim is for the action that was submitted, and whole.
 *
 * @returns The permit.
 * @throws {@link FarameshConnectionError} `bad_response` when it is not; nothing may run then.
 */
export async function checkClaim(submission: Submission<object>, actionId: string, claimed: Action): Promise<string> {
  if (claimed.id !== actionId || claimed.status !== "executing" || claimed.outcome === "HALT") {
    throw badResponse("The claim's answer is not that this action is executing, so nothing may run");
  }
  for (const name of ["agent_id", "tool", "operation"] as const) {
    if (claimed[name] !== submission.input[name]) {
      throw badResponse(`The claimed action has another ${name} than the submitted one, so nothing may run`);
    }
  }
  if (typeof claimed.permit !== "string") throw badResponse("The claim came without a permit, so nothing may run");
  if ((await hashOrNull(claimed)) !== claimed.request_hash) {
    throw badResponse("The claimed action does not have the hash that it names, so nothing may run");
  }
  return claimed.permit;
}

/**
 * What the executor gets: what runs is what the claim returned. That is the caller's own object, where the claim is
 * for exactly what was submitted and the object still says that; else the returned params, because a person edited
 * them or the caller's object has changed since.
 */
export function paramsToRun<P extends object>(submission: Submission<P>, claimed: Action): P | JsonObject {
  const isUnchanged =
    claimed.request_hash === submission.requestHash && textOrNull(submission.input) === submission.canonicalText;
  return isUnchanged ? submission.input.params : claimed.params;
}

async function hashOrNull(action: Action): Promise<string | null> {
  try {
    return await requestHash(action);
  } catch (error) {
    if (error instanceof InvalidActionError) return null;
    throw error;
  }
}

function textOrNull(input: ActionInput): string | null {
  try {
    return canonicalText(input);
  } catch {
    return null;
  }
}
