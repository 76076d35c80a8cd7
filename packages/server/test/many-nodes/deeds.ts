import { grouped } from "./grouped.js";
import type { Operation, Sighting } from "./history.js";
import { birthOf, born, consumed, type Life, onTo, replays, requestOf, shows, stepped } from "./life.js";
import type { Deed } from "./linearize.js";
import { isNotTakenUp, isRightlyRefused } from "./refusals.js";
import type { OnOneAction, Story } from "./stories.js";

/** A deed, and the operation that tells of it; null for what the gate does by itself. */
export interface ToldDeed extends Deed<Life> {
  readonly operation: Operation | null;
}

type Apply = ToldDeed["apply"];
type Stops = readonly Operation<"disable">[];

/** Everything that may have happened to an action, by what was asked and answered. */
export function deedsOf(story: Story, stops: Stops): ToldDeed[] {
  const takenUp = story.operations.filter((operation) => !isNotTakenUp(operation));
  const answers = takenUp.filter(({ ending }) => ending.kind !== "unknown");
  const lost = takenUp.filter(({ ending, op }) => ending.kind === "unknown" && op !== "read" && op !== "wait");
  return [
    ownWay("expired"),
    ownWay("unknown"),
    ...stops.map(stop),
    ...answers.map((operation) => answered(operation, story, stops)),
    // Attempts of one request do one thing: the first alone matters, from which on it may have happened.
    ...[...grouped(lost, requestNameOf).values()].flatMap(([first]) => (first ? unanswered(first, story) : [])),
    ...story.listed.map(({ list, seen }) => look(list, (life) => shows(life, seen))),
    ...story.atEnd.map(lookAtEnd),
  ];
}

function requestNameOf(operation: OnOneAction): string {
  return "key" in operation.args ? `${operation.op} ${operation.process} ${operation.args.key}` : operation.op;
}

/** What the gate does to an action by itself, when time is over. */
function ownWay(to: "expired" | "unknown"): ToldDeed {
  const apply: Apply = (life) => onTo(life, to);
  return { operation: null, invoked: -1, returned: Number.POSITIVE_INFINITY, isCertain: false, changes: true, apply };
}

/** Stopping an agent cancels what it has not begun to run, before it is answered. */
function stop(operation: Operation<"disable">): ToldDeed {
  return change(operation, false, (life) => onTo(life, "cancelled"));
}

function unanswered(operation: OnOneAction, story: Story): ToldDeed {
  return change(operation, false, effectOf(operation, story));
}

function answered(operation: OnOneAction, story: Story, stops: Stops): ToldDeed {
  const { ending } = operation;
  if (ending.kind !== "ok") return refused(operation, story, stops);
  const { value } = ending;
  if ("replayed" in value && value.replayed && "key" in operation.args) {
    const request = requestOf({ ...operation, args: operation.args });
    return look(operation, (life) => replays(life, request, value));
  }
  if (!("version" in value)) return change(operation, true, effectOf(operation, story));
  if (!("replayed" in value)) return look(operation, (life) => shows(life, value));
  const effect = effectOf(operation, story);
  return change(operation, true, (life) => ifShown(effect(life), value));
}

function refused(operation: OnOneAction, story: Story, stops: Stops): ToldDeed {
  const birth = birthOf(story.outcome);
  const mayBeStopped = stops.some(({ invoked }) => invoked < operation.returned);
  return look(operation, (life) => isRightlyRefused(life, operation, { birth, mayBeStopped }));
}

/** What an operation does where it takes effect. */
function effectOf(operation: OnOneAction, story: Story): Apply {
  switch (operation.op) {
    case "submit":
      return (life) => born(life, story.outcome, requestOf(operation));
    case "consume":
      return (life) => consumed(life, operation.args.jti);
    case "read":
    case "wait":
      return (life) => life;
    case "approve":
    case "reject":
    case "claim":
    case "report":
    case "cancel":
      return (life) => stepped(life, operation);
  }
}

/** What is shown when all is over. */
function lookAtEnd(seen: Sighting): ToldDeed {
  const apply: Apply = (life) => (shows(life, seen) ? life : undefined);
  const [invoked, returned] = [Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY];
  return { operation: null, invoked, returned, isCertain: true, changes: false, apply };
}

function ifShown(life: Life | undefined, seen: Sighting): Life | undefined {
  return life !== undefined && shows(life, seen) ? life : undefined;
}

function look(operation: Operation, isRight: (life: Life) => boolean): ToldDeed {
  const apply: Apply = (life) => (isRight(life) ? life : undefined);
  return {
    operation,
    invoked: operation.invoked,
    returned: operation.returned,
    isCertain: true,
    changes: false,
    apply,
  };
}

function change(operation: Operation, isCertain: boolean, apply: Apply): ToldDeed {
  return { operation, invoked: operation.invoked, returned: operation.returned, isCertain, changes: true, apply };
}
