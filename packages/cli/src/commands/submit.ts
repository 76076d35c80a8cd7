import type { Command } from "commander";
import { type ActionOptions, addActionOptions, readAction } from "../action-input.js";
import { commandName } from "../command-name.js";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection.js";
import { waitSeconds } from "../option-parsers.js";
import { addOutcomeExitCode, setOutcomeExitCode } from "../outcome-exit-code.js";
import { print, printJson } from "../output.js";
import { actionText } from "../render/action.js";

interface SubmitOptions extends ActionOptions, ConnectionOptions {
  wait?: number;
  idempotencyKey?: string;
  exitCode?: boolean;
}

/** `faramesh submit`: propose an action, as an agent does. */
export function define(command: Command): void {
  addOutcomeExitCode(addConnectionOptions(addActionOptions(command)))
    .option("--wait <time>", "hold the answer while the action is pending, such as 30s", waitSeconds)
    .option("--idempotency-key <key>", "the same key again answers the same action")
    .action(submit);
}

function answerCommands(id: string): string {
  return ["approve", "reject"].map((answer) => `${commandName()} ${answer} ${id}`).join("\n");
}

async function submit(options: SubmitOptions): Promise<void> {
  const action = await connect(options).submitAction(await readAction(options), {
    ...(options.wait !== undefined && { waitSeconds: options.wait }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  if (options.json) printJson(action);
  else {
    print(actionText(action));
    // Only a key that may answer the action is given its token.
    if (action.approval_token !== undefined) print(`\n${answerCommands(action.id)}`);
  }
  setOutcomeExitCode(action.outcome, options.exitCode);
}
