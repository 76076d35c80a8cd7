import { parentPort, workerData } from "node:worker_threads";
import { type PackedPolicy, type PackedRule, packPolicy } from "@faramesh/core";
import { type CheckedText, checkText, type PolicyText, type TextsKnown } from "./check-text.js";

/** What the worker is given. */
export interface PolicyJob {
  readonly text: PolicyText;
  readonly known: TextsKnown;
}

/** What it answers: what was found; then the rules of the policy, some at a time; then that this was all. */
export type PolicyPart =
  | { readonly kind: "checked"; readonly checked: CheckedText; readonly policy: PackedPolicy | null }
  | { readonly kind: "rules"; readonly rules: readonly PackedRule[] }
  | { readonly kind: "end" };

/** Rules that are told at a time: whoever listens must not be held up for long. */
const PART_RULES = 50;

const parts = partsOf(workerData as PolicyJob);
parentPort?.on("message", tellNext);
tellNext();

/** Parts are told when they are asked for: many that lie ready would be taken up in one go. */
function tellNext(): void {
  const { done, value } = parts.next();
  if (done === true) parentPort?.close();
  else parentPort?.postMessage(value);
}

function* partsOf({ text, known }: PolicyJob): Generator<PolicyPart, void> {
  const { policy, ...checked } = checkText(text, known);
  const packed = policy === null ? null : packPolicy(policy);
  yield { kind: "checked", checked, policy: packed && { ...packed, rules: [] } };
  for (let from = 0; packed !== null && from < packed.rules.length; from += PART_RULES) {
    yield { kind: "rules", rules: packed.rules.slice(from, from + PART_RULES) };
  }
  yield { kind: "end" };
}
