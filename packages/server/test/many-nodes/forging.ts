import type { EntryDraft } from "@faramesh/core";
import { check } from "./checker.js";
import type { FinalState } from "./final-state.js";
import type { Args, Ending, OperationName, Sighting } from "./history.js";
import { ReferenceGate } from "./reference-gate.js";
import { draftOf, sealedLedger } from "./sealed-ledger.js";
import type { Rule } from "./violation.js";

/** The promises that a gate's history and final state break. */
export function broken(gate: ReferenceGate, final: FinalState = gate.finalState()): Rule[] {
  return [...new Set(check(gate.history.operations, final).map(({ rule }) => rule))];
}

/** A gate with one action that waits for a person, and its id. */
export function gateWith(mark = "ask-1"): { gate: ReferenceGate; id: string } {
  const gate = new ReferenceGate();
  gate.now(gate.submit("agent", "submit", mark));
  return { gate, id: gate.ids[0] ?? "" };
}

/** A final state whose ledger was written anew, lawfully, with other entries. */
export function withEntries(final: FinalState, change: (drafts: EntryDraft[]) => EntryDraft[]): FinalState {
  return { ...final, ledger: sealedLedger(change(final.ledger.map(draftOf))) };
}

/** What the gate shows of an action by now. */
export function shown(gate: ReferenceGate, id: string): Sighting {
  const action = gate.finalState().views[0]?.actions.find((each) => each.id === id);
  if (action === undefined) throw new Error("it is not there");
  return action;
}

/** An answer that the gate did not give. */
export function forge<Name extends OperationName>(
  gate: ReferenceGate,
  process: string,
  op: Name,
  args: Args<Name>,
  ending: Ending<Name>,
): void {
  gate.history.begin(process, op, args)(ending);
}
