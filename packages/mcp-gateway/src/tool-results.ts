import { type Action, ActionDenied, type ApprovalRequired, ConflictError, FarameshError } from "@faramesh/sdk";
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { CatalogEntry } from "./catalog-entry.js";
import { messageOf } from "./upstream.js";

const MESSAGE_CHARS_MAX = 2_000;

/** The tool ran, and says itself that it failed. Thrown by the executor, so that the gate's record says so too. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed";
  readonly result: CallToolResult;

  constructor(result: CallToolResult) {
    const [first] = result.content;
    super(first?.type === "text" ? first.text : "the tool answered with an error");
    this.result = result;
  }
}

/** The tool was called, and the MCP server gave no result. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
}

/** A result that says why a tool gave none, in words that a model can use. */
export function errorResult(text: string, action?: { id: string; status: string }): CallToolResult {
  const meta = action && { _meta: { "faramesh/action": { id: action.id, status: action.status } } };
  return { content: [{ type: "text", text: text.slice(0, MESSAGE_CHARS_MAX) }], isError: true, ...meta };
}

/** What a client is told whose call is held, and nobody answered while it waited. */
export function heldResult({ action }: ApprovalRequired): CallToolResult {
  return errorResult(
    `${heldSentence(action)} It did not run. To resume, call the same tool again with exactly the same arguments: ` +
      "that goes on with this action, and runs once a person has approved it. Do not change the arguments, and do not " +
      "call it over and over.",
    action,
  );
}

/** By whom, until when and why an action is held. */
export function heldSentence({ id, tool, operation, reason, reason_code, approval }: Action): string {
  const approvers = approval?.approvers ?? [];
  const who = approvers.length > 0 ? approvers.join(", ") : "an approver";
  const until = approval?.expires_at ? ` until ${approval.expires_at}` : "";
  return `${tool} ${operation} is held for approval by ${who}${until}: ${reason} (${reason_code}). Action ${id}.`;
}

/** What a client is told of a tool whose definition is not the pinned one. */
export function changedResult({ name, upstream }: CatalogEntry): CallToolResult {
  return errorResult(
    `The definition of the tool ${name} has changed since it was pinned, so it was not called. An operator has to look ` +
      `at the change of the MCP server ${upstream.name} and accept it (faramesh mcp pins accept); then call it again.`,
  );
}

/** What a client is told of a call that the gate did not let through, or that the MCP server failed. */
export function failureResult(error: unknown): CallToolResult {
  if (error instanceof CallFailed) {
    return errorResult(
      `The MCP server gave no result: ${error.message}. The tool may have run; find out before you call it again.`,
    );
  }
  if (error instanceof ActionDenied) return errorResult(error.message, error.action);
  if (error instanceof ConflictError) return errorResult(error.message);
  const code = error instanceof FarameshError ? ` (${error.code})` : "";
  return errorResult(`The call was not let through, so it did not run: ${messageOf(error)}${code}`);
}
