import type { Command } from "commander";
import { resolveActionId } from "../action-id.js";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection.js";
import { print, printJson } from "../output.js";
import { rejectionNote } from "../rejection-note.js";
import { actionText } from "../render/action.js";
import { eventLine } from "../render/event.js";

interface GetOptions extends ConnectionOptions {
  events?: boolean;
}

/** `faramesh get ID`. */
export function define(command: Command): void {
  addConnectionOptions(command.argument("<id>", "the action's id, or a unique beginning of it"))
    .option("--events", "show its timeline, oldest first, instead")
    .action(get);
}

async function get(given: string, options: GetOptions): Promise<void> {
  const client = connect(options);
  const id = await resolveActionId(client, given);
  if (options.events) {
    const events = await client.listActionEvents(id);
    if (options.json) printJson(events);
    else for (const event of events) print(eventLine(event, await rejectionNote(client, event)));
    return;
  }
  const action = await client.getAction(id);
  if (options.json) printJson(action);
  else print(actionText(action));
}
