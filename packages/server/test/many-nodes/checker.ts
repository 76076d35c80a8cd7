import { type Evidence, gatherEvidence } from "./entries.js";
import type { FinalState } from "./final-state.js";
import type { Operation } from "./history.js";
import { acknowledgedIsKept } from "./rules/acknowledged.js";
import { ledgerIsWhole, livesAreLawful } from "./rules/ledger.js";
import { actionsAreLinearizable } from "./rules/linearizable.js";
import { actionsAreClaimedOnce, actionsRunOnce, keysMakeOneAction } from "./rules/once.js";
import { newestPolicyDecides, stoppedAgentsAreGrantedNothing } from "./rules/propagation.js";
import { streamsAreWhole } from "./rules/streams.js";
import { listsAreComplete, viewsAgree } from "./rules/views.js";
import type { Violation } from "./violation.js";

const RULES: readonly ((evidence: Evidence) => Violation[])[] = [
  ledgerIsWhole,
  livesAreLawful,
  acknowledgedIsKept,
  viewsAgree,
  actionsAreClaimedOnce,
  actionsRunOnce,
  keysMakeOneAction,
  actionsAreLinearizable,
  listsAreComplete,
  stoppedAgentsAreGrantedNothing,
  newestPolicyDecides,
  streamsAreWhole,
];

/**
 * Holds what clients were answered, and what is there at the end, against every promise, in the manner of Knossos (a
 * search for an order that explains all answers, action by action) and Elle (versions and ledger indexes say which
 * order there was). It is pure: the same history and state give the same list.
 *
 * @returns What is broken; nothing when the history is right.
 */
export function check(history: readonly Operation[], final: FinalState): Violation[] {
  const evidence = gatherEvidence(history, final);
  return RULES.flatMap((rule) => rule(evidence));
}
