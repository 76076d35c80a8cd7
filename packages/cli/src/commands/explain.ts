import { canonicalizeAction, decide } from "@faramesh/core";
import type { Action, ActionRequest, Decision, TraceStep } from "@faramesh/protocol";
import type { Command } from "commander";
import { resolveActionId } from "../action-id.js";
import { type ActionOptions, addActionOptions, readAction } from "../action-input.js";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection.js";
import { CliError, usageError } from "../errors.js";
import { print, printable, printJson } from "../output.js";
import { requirePolicy } from "../policy-file.js";
import { decisionText, traceText } from "../render/decision.js";
import { outcomeWord } from "../render/words.js";

interface ExplainOptions extends ActionOptions, ConnectionOptions {
  policy?: string;
  rule?: string;
}

/** `faramesh explain`: decide again, and show for each rule why it answered or did not. */
export function define(command: Command): void {
  command
    .argument("[id]", "a recorded action (or a unique beginning of its id); without it, describe one with options")
    .option("--policy <file>", "explain by this policy, offline; without it the gate is asked")
    .option("--rule <id>", "show this rule alone: why it answered, or why not");
  addConnectionOptions(addActionOptions(command)).action(explain);
}

async function explain(id: string | undefined, options: ExplainOptions): Promise<void> {
  const recorded = id === undefined ? undefined : await recordedAction(id, options);
  const decision = await decideWithTrace(recorded ?? (await readAction(options)), options);
  if (options.json) return printJson(decision);
  if (recorded !== undefined) print(comparison(recorded, decision));
  print(decisionText(decision));
  print();
  print(traceText(tracedRules(decision.trace ?? [], options.rule)));
}

/** @throws {@link CliError} `not_found` where the policy has no such rule. */
function tracedRules(trace: readonly TraceStep[], rule: string | undefined): readonly TraceStep[] {
  if (rule === undefined) return trace;
  const steps = trace.filter((step) => step.rule_id === rule);
  if (steps.length > 0) return steps;
  const known = trace.map((step) => step.rule_id).join(", ");
  throw new CliError("not_found", `the policy has no rule ${rule}`, { hint: `it has ${known}` });
}

async function recordedAction(id: string, options: ExplainOptions): Promise<Action> {
  if (options.file !== undefined || options.tool !== undefined) {
    throw usageError("give the id of a recorded action or describe one, not both");
  }
  const client = connect(options);
  return client.getAction(await resolveActionId(client, id));
}

async function decideWithTrace(action: ActionRequest, options: ExplainOptions): Promise<Decision> {
  const { agent_id, tool, operation, params, context } = action;
  const request = { agent_id, tool, operation, params, ...(context !== undefined && { context }) };
  if (options.policy === undefined) return connect(options).gateDecide(request, { explain: true });
  return decide(await requirePolicy(options.policy), canonicalizeAction(request), {}, { explain: true });
}

function comparison(recorded: Action, now: Decision): string {
  const same = recorded.outcome === now.outcome && recorded.rule_id === now.rule_id;
  const then = `${outcomeWord(recorded.outcome)} by ${printable(recorded.rule_id ?? "no rule")}`;
  return `${recorded.id}: decided ${then} when submitted; ${same ? "the same today" : "otherwise today"}\n`;
}
