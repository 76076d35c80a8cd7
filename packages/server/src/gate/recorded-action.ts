import { type CanonicalAction, canonicalizeAction } from "@faramesh/core";
import type { JsonObject } from "@faramesh/protocol";
import type { ActionRow } from "../store/store.js";

/**
 * The canonical action that a row records, made anew from its stored fields.
 *
 * @throws Error when it is not the action whose hash was decided and approved: the row was changed from outside.
 */
export function recordedAction(row: ActionRow): CanonicalAction {
  const action = canonicalizeAction({
    agent_id: row.agent_id,
    tool: row.tool,
    operation: row.operation,
    params: JSON.parse(row.params) as JsonObject,
    ...(row.context === null ? {} : { context: JSON.parse(row.context) as JsonObject }),
  });
  if (action.request_hash !== row.request_hash) {
    throw new Error(`action ${row.id} is not what was decided: its stored fields have another hash`);
  }
  return action;
}
