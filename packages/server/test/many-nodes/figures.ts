import { gatherEvidence } from "./entries.js";
import type { FinalState } from "./final-state.js";
import { answerOf, type Operation, only, sightingsOf } from "./history.js";
import { policyLagMs, stopLagMs } from "./rules/propagation.js";

/** What a run amounted to. */
export interface Figures {
  /** By operation and how it ended: `claim ok`. */
  readonly operations: Readonly<Record<string, number>>;
  readonly actions: number;
  readonly entries: number;
  readonly runs: number;
  /** Milliseconds after the answer to a stop in which something was still granted, at the most. */
  readonly stopLagMs: number;
  /** Milliseconds after the answer to a change of policy in which an older one still decided, at the most. */
  readonly policyLagMs: number;
  /** Milliseconds from somebody's knowing of a change to the answer of a request that was held for it. */
  readonly wakeMs: { readonly median: number; readonly most: number };
  /** Milliseconds that the check took. */
  readonly checkMs: number;
}

export function figuresOf(history: readonly Operation[], final: FinalState, checkMs: number): Figures {
  const evidence = gatherEvidence(history, final);
  return {
    operations: counts(history),
    actions: evidence.lives.size,
    entries: evidence.entries.length,
    runs: final.runs.length,
    stopLagMs: Math.round(stopLagMs(evidence)),
    policyLagMs: Math.round(policyLagMs(evidence)),
    wakeMs: wakes(history),
    checkMs: Math.round(checkMs),
  };
}

function counts(history: readonly Operation[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { op, ending } of history) {
    const name = `${op} ${ending.kind === "refused" ? ending.code : ending.kind}`;
    counted[name] = (counted[name] ?? 0) + 1;
  }
  return counted;
}

function wakes(history: readonly Operation[]): Figures["wakeMs"] {
  const firstSeenMs = new Map<string, number>();
  for (const operation of history) {
    for (const { id, status } of sightingsOf(operation)) {
      if (status === "pending_approval") continue;
      firstSeenMs.set(id, Math.min(firstSeenMs.get(id) ?? Number.POSITIVE_INFINITY, operation.returnedAtMs));
    }
  }
  const lags = only(history, "wait").flatMap((wait) => {
    const knownMs = firstSeenMs.get(wait.args.actionId);
    if (answerOf(wait) === null || knownMs === undefined || knownMs < wait.invokedAtMs) return [];
    return [Math.max(0, wait.returnedAtMs - knownMs)];
  });
  const sorted = lags.toSorted((a, b) => a - b);
  return { median: Math.round(sorted[sorted.length >> 1] ?? 0), most: Math.round(sorted.at(-1) ?? 0) };
}
