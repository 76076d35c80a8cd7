import type { Outcome } from "@faramesh/protocol";
import type { Evidence } from "./entries.js";
import { answerOf, type Operation, type OperationName, type Sighting, sightingsOf } from "./history.js";

/** An operation that is about one action. */
export type OnOneAction = Operation<Exclude<OperationName, "list" | "disable" | "enable" | "policy">>;

/** What was asked of one action, and all that lists showed of it. */
export interface Story {
  readonly id: string;
  /** What was decided at first; it never changes. */
  readonly outcome: Outcome;
  readonly operations: readonly OnOneAction[];
  readonly listed: readonly { readonly list: Operation<"list">; readonly seen: Sighting }[];
  /** How the nodes show it at the end. */
  readonly atEnd: readonly Sighting[];
}

interface GrowingStory extends Story {
  readonly operations: OnOneAction[];
  readonly listed: { readonly list: Operation<"list">; readonly seen: Sighting }[];
  readonly atEnd: Sighting[];
}

/** The story of each action that anybody ever saw. */
export function storiesOf(evidence: Evidence): Story[] {
  const { history, shown } = evidence;
  const stories = new Map<string, GrowingStory>();
  for (const { id, outcome } of [...shown, ...history.flatMap(sightingsOf)]) {
    if (!stories.has(id)) stories.set(id, { id, outcome, operations: [], listed: [], atEnd: [] });
  }
  for (const action of shown) stories.get(action.id)?.atEnd.push(action);
  const ids = idsByMark(evidence);
  for (const operation of history) {
    if (operation.op === "list") {
      for (const seen of sightingsOf(operation)) stories.get(seen.id)?.listed.push({ list: operation, seen });
    } else if (isOnOneAction(operation)) {
      stories.get(actionIdOf(operation, ids) ?? "")?.operations.push(operation);
    }
  }
  return [...stories.values()];
}

/** A refused submission made no action. */
function isOnOneAction(operation: Operation): operation is OnOneAction {
  if (operation.op === "submit") return operation.ending.kind !== "refused";
  return "actionId" in operation.args;
}

function actionIdOf(operation: OnOneAction, ids: ReadonlyMap<string, string>): string | undefined {
  return operation.op === "submit" ? ids.get(operation.args.mark) : operation.args.actionId;
}

/** Which action a request made, whether or not it was answered: the action's params bear the request's mark. */
function idsByMark({ history, shown }: Evidence): Map<string, string> {
  const ids = new Map(shown.map(({ mark, id }) => [mark, id]));
  for (const operation of history) {
    const id = operation.op === "submit" ? answerOf(operation)?.id : undefined;
    if (operation.op === "submit" && id !== undefined) ids.set(operation.args.mark, id);
  }
  return ids;
}
