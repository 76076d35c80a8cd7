import type { FinalState } from "./final-state.js";
import { answerOf, type Operation, only, type Sighting, sightingsOf } from "./history.js";
import type { Tape } from "./random-execution.js";
import { draftOf, sealedLedger } from "./sealed-ledger.js";
import type { Rule } from "./violation.js";

/** A history and what was there at its end. */
export interface Told {
  readonly history: readonly Operation[];
  readonly final: FinalState;
}

/** A change to a right execution that makes it wrong. */
export interface Doctor {
  readonly name: string;
  /** A rule that must see it. */
  readonly rule: Rule;
  /** The execution with the change; null where it has no place for it. */
  readonly apply: (told: Told, tape: Tape) => Told | null;
}

export const DOCTORS: readonly Doctor[] = [
  {
    name: "forgets an entry that was answered, and seals the rest anew",
    rule: "acknowledged_kept",
    apply: forgetEntry,
  },
  { name: "answers another status than it recorded", rule: "acknowledged_kept", apply: answerOtherwise },
  { name: "grants a second claim", rule: "claimed_once", apply: grantTwice },
  { name: "runs an action again", rule: "ran_once", apply: runTwice },
  { name: "answers a read with an older version", rule: "linearizable", apply: readOld },
  { name: "makes a second action for a key", rule: "one_action_per_key", apply: splitKey },
  { name: "leaves an action out of a list", rule: "list_complete", apply: cutList },
  { name: "loses a ledger row", rule: "ledger_whole", apply: dropRow },
  { name: "stores a ledger row twice", rule: "ledger_whole", apply: forkRow },
  { name: "alters a leaf", rule: "ledger_whole", apply: alterLeaf },
  { name: "records two steps of an action the other way round", rule: "ledger_life", apply: swapSteps },
  { name: "loses an event of a stream", rule: "stream_whole", apply: (told, tape) => onStream(told, tape, () => []) },
  {
    name: "streams an event twice",
    rule: "stream_whole",
    apply: (told, tape) => onStream(told, tape, (event) => [event, event]),
  },
  { name: "lacks an action on one node", rule: "views_agree", apply: cutView },
];

function forgetEntry({ history, final }: Told, tape: Tape): Told | null {
  const seen = tape.oneOf(history.flatMap(sightingsOf));
  if (seen === undefined) return null;
  const drafts = final.ledger.map(draftOf).filter((_, index) => index !== seen.ledgerIndex);
  return { history, final: { ...final, ledger: sealedLedger(drafts) } };
}

function answerOtherwise({ history, final }: Told, tape: Tape): Told | null {
  const read = tape.oneOf(only(history, "read").filter((each) => answerOf(each) !== null));
  const seen = read && answerOf(read);
  if (!read || !seen) return null;
  const status = seen.status === "allowed" ? "approved" : "allowed";
  return { history: replaced(history, read, { ...seen, status }), final };
}

function grantTwice({ history, final }: Told, tape: Tape): Told | null {
  const claim = tape.oneOf(only(history, "claim").filter((each) => answerOf(each) !== null));
  const seen = claim && answerOf(claim);
  if (!claim || !seen) return null;
  return { history: [...history, after(history, { ...claim, process: "thief" }, { ...seen, jti: "another" })], final };
}

function runTwice({ history, final }: Told, tape: Tape): Told | null {
  const run = tape.oneOf(final.runs);
  return run === undefined ? null : { history, final: { ...final, runs: [...final.runs, run] } };
}

function readOld({ history, final }: Told, tape: Tape): Told | null {
  const sightings = history.flatMap(sightingsOf);
  const old = tape.oneOf(sightings.filter((seen) => sightings.some((each) => isNewer(each, seen))));
  const read = tape.oneOf(only(history, "read"));
  if (old === undefined || read === undefined) return null;
  return { history: [...history, after(history, { ...read, args: { actionId: old.id } }, old)], final };
}

function isNewer(seen: Sighting, than: Sighting): boolean {
  return seen.id === than.id && seen.version > than.version;
}

function splitKey({ history, final }: Told, tape: Tape): Told | null {
  const submits = only(history, "submit").filter((each) => answerOf(each) !== null);
  const submit = tape.oneOf(submits);
  const other = tape.oneOf(submits.filter((each) => answerOf(each)?.id !== (submit && answerOf(submit)?.id)));
  const seen = other && answerOf(other);
  return submit && seen ? { history: [...history, after(history, submit, seen)], final } : null;
}

function cutList({ history, final }: Told, tape: Tape): Told | null {
  const cuts = only(history, "list").flatMap((list) => {
    const { rows, isLast } = answerOf(list) ?? { rows: [], isLast: true };
    // The last row of a page that others follow may as well be one of those.
    const due = (isLast ? rows : rows.slice(0, -1)).filter(({ id }) => isSubmittedBefore(history, id, list));
    return due.map((row) => ({ list, page: { rows: rows.filter((each) => each !== row), isLast } }));
  });
  const cut = tape.oneOf(cuts);
  return cut === undefined ? null : { history: replaced(history, cut.list, cut.page), final };
}

function isSubmittedBefore(history: readonly Operation[], id: string, list: Operation): boolean {
  return only(history, "submit").some((each) => answerOf(each)?.id === id && each.returned < list.invoked);
}

function dropRow({ history, final }: Told, tape: Tape): Told | null {
  const place = tape.below(final.ledger.length - 1);
  return { history, final: { ...final, ledger: final.ledger.filter((_, index) => index !== place) } };
}

function forkRow({ history, final }: Told, tape: Tape): Told | null {
  const place = tape.below(final.ledger.length);
  return {
    history,
    final: { ...final, ledger: final.ledger.flatMap((row, index) => (index === place ? [row, row] : [row])) },
  };
}

function alterLeaf({ history, final }: Told, tape: Tape): Told | null {
  const place = tape.below(final.ledger.length);
  const ledger = final.ledger.map((row, index) =>
    index === place ? { ...row, leaf: row.leaf.replace("e", "3") } : row,
  );
  return { history, final: { ...final, ledger } };
}

function swapSteps({ history, final }: Told, tape: Tape): Told | null {
  const drafts = final.ledger.map(draftOf);
  const idOf = (index: number): unknown => drafts[index]?.body["action_id"];
  const second = tape.oneOf([...drafts.keys()].filter((index) => idOf(index) !== undefined && firstOf(index) < index));
  function firstOf(index: number): number {
    return drafts.findIndex(({ body }) => body["action_id"] === idOf(index));
  }
  const [one, two] = second === undefined ? [] : [drafts[firstOf(second)], drafts[second]];
  if (second === undefined || one === undefined || two === undefined) return null;
  const swapped = drafts.map((draft) => (draft === one ? two : draft === two ? one : draft));
  return { history, final: { ...final, ledger: sealedLedger(swapped) } };
}

type StreamEvent = FinalState["streams"][number]["events"][number];

function onStream({ history, final }: Told, tape: Tape, change: (event: StreamEvent) => StreamEvent[]): Told | null {
  const [stream] = final.streams;
  if (stream === undefined || stream.events.length === 0) return null;
  const place = tape.below(stream.events.length);
  const events = stream.events.flatMap((event, index) => (index === place ? change(event) : [event]));
  return { history, final: { ...final, streams: [{ ...stream, events }] } };
}

function cutView({ history, final }: Told, tape: Tape): Told | null {
  const [first, ...others] = final.views;
  const action = tape.oneOf(first?.actions ?? []);
  if (first === undefined || action === undefined) return null;
  const view = { ...first, actions: first.actions.filter((each) => each !== action) };
  return { history, final: { ...final, views: [view, ...others] } };
}

/** The history with another answer to one operation. */
function replaced(history: readonly Operation[], operation: Operation, value: unknown): Operation[] {
  return history.map((each) => (each === operation ? ({ ...each, ending: { kind: "ok", value } } as Operation) : each));
}

/** An operation like another one, asked and answered after all others. */
function after(history: readonly Operation[], like: Operation, value: unknown): Operation {
  const invoked = 10 * history.length + 1;
  return { ...like, invoked, returned: invoked + 1, ending: { kind: "ok", value } } as Operation;
}
