import { createRequire } from "node:module";
import { setImmediate as breathe } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type PackedPolicy, type PackedRule, type Policy, unpackPolicy } from "@faramesh/core";
import { type CheckedText, checkText, type PolicyText, type TextsKnown } from "./check-text.js";
import type { PolicyJob, PolicyPart } from "./policy-worker.js";

/** Characters up to which a text is checked at once: that takes less time than a thread takes to begin. */
const AT_ONCE_CHARS_MAX = 20_000;

/** How long others wait for a step of taking up a policy. */
const STEP_MS = 1;

/** What a text comes to, with the policy where it loads. */
export type Checked = CheckedText & { readonly policy: Policy | null };

/**
 * Checks a policy as {@link checkText} does. A large one is read in a thread of its own, and taken up a little at a time,
 * so that nobody who asks for a decision meanwhile waits for it.
 */
export async function checkApart(text: PolicyText, known: TextsKnown): Promise<Checked> {
  if (!isLarge(text)) return checkText(text, known);
  const { checked, policy } = await askWorker({ text, known });
  return { ...checked, policy: policy === null ? null : await unpacked(policy) };
}

/** An anchor of YAML: its aliases make a short text a large document. */
const ANCHOR = /(?:^|[\s,[{:-])&[^\s&]/m;

/** Whether a text is read in a thread of its own. */
export function isLarge({ source, tests }: PolicyText): boolean {
  if (source.length + (tests?.length ?? 0) > AT_ONCE_CHARS_MAX) return true;
  return ANCHOR.test(source) || (tests !== null && ANCHOR.test(tests));
}

interface Answer {
  readonly checked: CheckedText;
  readonly policy: PackedPolicy | null;
}

function askWorker(job: PolicyJob): Promise<Answer> {
  const worker = new Worker(createRequire(import.meta.url).resolve("#policy-worker"), { workerData: job });
  return new Promise<Answer>((resolve, reject) => {
    const rules: PackedRule[] = [];
    let first: Answer | null = null;
    worker.on("message", (part: PolicyPart) => {
      if (part.kind === "checked") first = part;
      else if (part.kind === "rules") rules.push(...part.rules);
      else if (first !== null) resolve({ ...first, policy: first.policy && { ...first.policy, rules } });
      worker.postMessage("next");
    });
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread that reads policies ended with ${code}`)));
  });
}

async function unpacked(packed: PackedPolicy): Promise<Policy> {
  const steps = unpackPolicy(packed, 0);
  for (let began = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - began < STEP_MS) continue;
    await breathe();
    began = performance.now();
  }
}
