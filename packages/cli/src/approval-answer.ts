import type { Client } from "@faramesh/sdk";
import type { Command } from "commander";
import { isWholeId, resolveActionId } from "./action-id.js";
import { addConnectionOptions, type ConnectionOptions, clientOf, connect, gateUrl } from "./connection.js";
import { usageError } from "./errors.js";
import { print, printJson } from "./output.js";
import { actionText } from "./render/action.js";

const TOKEN_HELP = `
With --token the token alone answers: no key is sent, neither one of the environment nor one of a data
directory, and the id must be whole, because looking for it by its beginning takes a key.`;

/** The options of `approve` and `reject`. */
export interface ApprovalOptions extends ConnectionOptions {
  reason?: string;
  token?: string;
}

/** Adds the id and the options of {@link ApprovalOptions}. */
export function addApprovalOptions(command: Command): Command {
  return addConnectionOptions(
    command.argument("<id>", "the action's id, or a beginning of it unique among the pending"),
  )
    .option("--reason <text>", "why, kept with the action")
    .option("--token <token>", "the action's approval token; it is enough, and no key is sent")
    .addHelpText("after", TOKEN_HELP);
}

/** Approves or rejects a pending action, and shows what became of it. */
export async function answerApproval(given: string, approve: boolean, options: ApprovalOptions): Promise<void> {
  const { client, id } = await (options.token === undefined ? byKey(given, options) : byToken(given, options));
  const { token, reason } = options;
  const answer = { ...(token !== undefined && { token }), ...(reason !== undefined && { reason }) };
  const action = approve ? await client.approveAction(id, answer) : await client.rejectAction(id, answer);
  if (options.json) printJson(action);
  else print(actionText(action));
}

/** Which action is answered, and by whom. */
interface Answering {
  client: Client;
  id: string;
}

async function byKey(given: string, options: ApprovalOptions): Promise<Answering> {
  const client = connect(options);
  return { client, id: await resolveActionId(client, given) };
}

// A key that merely lies about could be of somebody whom the gate refuses, or would be recorded as who decided.
async function byToken(given: string, options: ApprovalOptions): Promise<Answering> {
  const id = given.toLowerCase();
  if (!isWholeId(id)) throw usageError("with --token give the whole id: looking for it by its beginning takes a key");
  return { client: clientOf({ url: gateUrl(options), apiKey: undefined }), id };
}
