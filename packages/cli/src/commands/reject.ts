import type { Command } from "commander";
import { type ApprovalOptions, addApprovalOptions, answerApproval } from "../approval-answer.js";

/** `faramesh reject ID`. */
export function define(command: Command): void {
  addApprovalOptions(command).action((id: string, options: ApprovalOptions) => answerApproval(id, false, options));
}
