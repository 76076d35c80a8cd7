import type { Command } from "commander";
import { type ApprovalOptions, addApprovalOptions, answerApproval } from "../approval-answer.js";

/** `faramesh approve ID`. */
export function define(command: Command): void {
  addApprovalOptions(command).action((id: string, options: ApprovalOptions) => answerApproval(id, true, options));
}
