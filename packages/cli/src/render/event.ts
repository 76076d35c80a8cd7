import type { ActionEvent } from "@faramesh/protocol";
import { colors, printable } from "../output.js";
import { statusWord } from "./words.js";

const STATUS_WIDTH = "pending_approval".length;

/**
 * One event as one readable line: when, what came of it, who wants what, why, by whom, and the action's id.
 *
 * @param note - What a person who rejected the action said; no event carries it.
 */
export function eventLine(event: ActionEvent, note: string | null = null): string {
  const time = new Date(event.at).toLocaleTimeString("en-GB");
  const what = `${event.agent_id}  ${event.tool}.${event.operation}`;
  return [
    colors.dim(time),
    statusWord(event.status, STATUS_WIDTH),
    colors.bold(printable(what)),
    printable(why(event, note)),
    colors.dim(event.action_id),
  ].join("  ");
}

/** Whether an event says that a person rejected an action. */
export function isRejection({ type, reason_code }: ActionEvent): boolean {
  return type === "action.denied" && reason_code === "HUMAN_REJECTED";
}

function why(event: ActionEvent, note: string | null): string {
  const rule = event.rule_id === null ? "" : ` [${event.rule_id}]`;
  const actor = event.actor.via === "system" ? "" : ` by ${event.actor.name}`;
  if (isRejection(event)) return `rejected${actor}${note === null ? "" : `: ${note}`}`;
  switch (event.type) {
    case "action.allowed":
    case "action.denied":
    case "action.pending_approval":
      return `${event.reason}${rule}`;
    case "permit.consumed":
      return `permit consumed${actor}`;
    default:
      return `${event.type.slice("action.".length)}${actor}`;
  }
}
