import { canonicalizeAction, decide as decideByPolicy } from "@faramesh/core";
import type { Decision } from "@faramesh/protocol";
import type { Command } from "commander";
import { type ActionOptions, addActionOptions, readAction } from "../action-input.js";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection.js";
import { addOutcomeExitCode, setOutcomeExitCode } from "../outcome-exit-code.js";
import { print, printJson } from "../output.js";
import { requirePolicy } from "../policy-file.js";
import { decisionText } from "../render/decision.js";

interface DecideOptions extends ActionOptions, ConnectionOptions {
  policy?: string;
  exitCode?: boolean;
}

/** `faramesh decide`: what would the gate answer? Nothing is stored and nothing is granted. */
export function define(command: Command): void {
  command.option("--policy <file>", "decide by this policy, offline; without it the gate is asked");
  addOutcomeExitCode(addConnectionOptions(addActionOptions(command))).action(decide);
}

async function decide(options: DecideOptions): Promise<void> {
  const decision = await answer(options);
  if (options.json) printJson(decision);
  else print(decisionText(decision));
  setOutcomeExitCode(decision.outcome, options.exitCode);
}

async function answer(options: DecideOptions): Promise<Decision> {
  const action = await readAction(options);
  if (options.policy === undefined) return connect(options).gateDecide(action);
  return decideByPolicy(await requirePolicy(options.policy), canonicalizeAction(action));
}
