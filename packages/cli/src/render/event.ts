import type { ActionEvent } from "@faramesh/protocol";
import { colors, printable } from "../output.js";
import { statusWord } from "./words.js";

const STATUS_WIDTH = "pending_approval".length;

/** One event as one readable line: when, what came of it, who wants what, why, by whom, and the action's id. */
export function eventLine(event: ActionEvent): string {
  const time = new Date(event.at).toLocaleTimeString("en-GB");
  const what = `${event.agent_id}  ${event.tool}.${event.operation}`;
  return [
    colors.dim(time),
    statusWord(event.status, STATUS_WIDTH),
    colors.bold(printable(what)),
    printable(why(event)),
    colors.dim(event.action_id),
  ].join("  ");
}

function why(event: ActionEvent): string {
  const rule = event.rule_id === null ? "" : ` [${event.rule_id}]`;
  const actor = event.actor.via === "system" ? "" : ` by ${event.actor.name}`;
  switch (event.type) {
    case "action.allowed":
    case "action.denied":
    case "action.pending_approval":
      return `${event.reason}${rule}${event.reason_code === "HUMAN_REJECTED" ? actor : ""}`;
    case "permit.consumed":
      return `permit consumed${actor}`;
    default:
      return `${event.type.slice("action.".length)}${actor}`;
  }
}
