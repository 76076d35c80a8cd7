import type { Command } from "commander";
import { type ActionOptions, addActionOptions, readAction } from "../action-input.js";
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

async function submit(options: SubmitOptions): Promise<void> {
  const action = await connect(options).submitAction(await readAction(options), {
    ...(options.wait !== undefined && { waitSeconds: options.wait }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  if (options.json) printJson(action);
  else {
    print(actionText(action));
    if (action.status === "pending_approval") print(`\nfaramesh approve ${action.id}\nfaramesh reject ${action.id}`);
  }
  setOutcomeExitCode(action.outcome, options.exitCode);
}
