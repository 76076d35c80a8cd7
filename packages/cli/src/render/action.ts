import type { Action, Actor, ReasonCode } from "@faramesh/protocol";
import { colors, printable } from "../output.js";
import { fields, shortened, table } from "./table.js";
import { outcomeWord, statusWord } from "./words.js";

const PARAMS_CHARS_MAX = 48;
/** The reason codes of how an approval ended. */
const ANSWERS: readonly ReasonCode[] = ["HUMAN_APPROVED", "HUMAN_REJECTED", "APPROVAL_EXPIRED"];

/** One action as people read it. Params are shown whole: this is what an approver approves. */
export function actionText(action: Action): string {
  const pairs: [string, string][] = [
    ["agent", printable(action.agent_id)],
    ["does", printable(`${action.tool}.${action.operation}`)],
    ["params", printable(JSON.stringify(action.params))],
  ];
  if (action.context !== undefined) pairs.push(["context", printable(JSON.stringify(action.context))]);
  pairs.push(
    outcomePair(action),
    ["reason", printable(action.reason)],
    ["rule", printable(action.rule_id ?? "none")],
    ["risk", action.risk_level],
    ...approvalPairs(action),
    ...executionPairs(action),
    ["request hash", action.request_hash],
    ["submitted", action.created_at],
  );
  return `${statusWord(action.status)}  ${action.id}\n${fields(pairs)}`;
}

// What a person or the time answered came after the outcome, and must not read as if it were one.
function outcomePair({ outcome, reason_code }: Action): [string, string] {
  if (!ANSWERS.includes(reason_code)) return ["outcome", `${outcomeWord(outcome)} (${reason_code})`];
  return ["policy said", `${outcomeWord(outcome)}; then ${reason_code}`];
}

function approvalPairs({ approval }: Action): [string, string][] {
  if (!approval.required) return [];
  const pairs: [string, string][] = [["approvers", printable(approval.approvers.join(", ") || "any approver")]];
  if (approval.decided_by.length > 0) pairs.push(["decided by", approval.decided_by.map(actorText).join(", ")]);
  if (approval.note !== null) pairs.push(["note", printable(approval.note)]);
  if (approval.expires_at !== null) pairs.push(["expires", approval.expires_at]);
  return pairs;
}

function executionPairs(action: Action): [string, string][] {
  const pairs: [string, string][] = [];
  if (action.claimed_by !== undefined) pairs.push(["claimed by", actorText(action.claimed_by)]);
  if (action.result !== undefined) pairs.push(["result", printable(JSON.stringify(action.result))]);
  if (action.error !== undefined) pairs.push(["error", printable(action.error)]);
  return pairs;
}

function actorText(actor: Actor): string {
  return printable(actor.name);
}

/** Actions as a table, one line each. */
export function actionTable(actions: readonly Action[]): string {
  const rows = actions.map((action) => [
    action.id,
    statusWord(action.status),
    printable(action.agent_id),
    printable(`${action.tool}.${action.operation}`),
    colors.dim(printable(shortened(JSON.stringify(action.params), PARAMS_CHARS_MAX))),
    action.created_at,
  ]);
  return table(["id", "status", "agent", "does", "params", "submitted"], rows);
}
