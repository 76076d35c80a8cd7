import type { Operation } from "./history.js";

/** The promises that a history is held against. */
export type Rule =
  | "ledger_whole"
  | "ledger_life"
  | "acknowledged_kept"
  | "views_agree"
  | "claimed_once"
  | "ran_once"
  | "one_action_per_key"
  | "linearizable"
  | "list_complete"
  | "agent_stopped"
  | "policy_in_force"
  | "stream_whole";

/** A promise that was broken, with the operations that show it. */
export interface Violation {
  readonly rule: Rule;
  readonly says: string;
  readonly operations: readonly Operation[];
}

export function violation(rule: Rule, says: string, ...operations: readonly Operation[]): Violation {
  return { rule, says, operations };
}

/** A violation and its operations in lines that a person can read. */
export function describeViolation({ rule, says, operations }: Violation): string {
  return [`${rule}: ${says}`, ...operations.map((operation) => `  ${describeOperation(operation)}`)].join("\n");
}

function describeOperation({ process, op, args, invoked, returned, ending }: Operation): string {
  return `${process} ${op} ${JSON.stringify(args)}, event ${invoked} to ${returned}: ${JSON.stringify(ending)}`;
}
