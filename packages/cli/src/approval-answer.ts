import type { Command } from "commander";
import { resolveActionId } from "./action-id.js";
import { addConnectionOptions, type ConnectionOptions, connect } from "./connection.js";
import { print, printJson } from "./output.js";
import { actionText } from "./render/action.js";

/** The options of `approve` and `reject`. */
export interface ApprovalOptions extends ConnectionOptions {
  reason?: string;
  token?: string;
}

/** Adds the id and the options of {@link ApprovalOptions}. */
export function addApprovalOptions(command: Command): Command {
  return addConnectionOptions(command.argument("<id>", "the action's id, or a unique beginning of it"))
    .option("--reason <text>", "why, kept with the action")
    .option("--token <token>", "the action's approval token; enough without a key");
}

/** Approves or rejects a pending action, and shows what became of it. */
export async function answerApproval(given: string, approve: boolean, options: ApprovalOptions): Promise<void> {
  const client = connect(options);
  const id = await resolveActionId(client, given);
  const { token, reason } = options;
  const answer = { ...(token !== undefined && { token }), ...(reason !== undefined && { reason }) };
  const action = approve ? await client.approveAction(id, answer) : await client.rejectAction(id, answer);
  if (options.json) printJson(action);
  else print(actionText(action));
}
