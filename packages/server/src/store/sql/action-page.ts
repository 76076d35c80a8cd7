import type { ActionPage, ActionRow } from "../store.js";

/** Bytes of params, context and results at which a page of actions ends, so that no listing fills the memory. */
export const LIST_BYTES_MAX = 4_000_000;

/**
 * Takes a page from actions in order: at most `limit`, and none after {@link LIST_BYTES_MAX} are reached. The action
 * behind the page is looked at, to say whether there is more; the ones behind it are never read.
 */
export function takePage(actions: Iterable<ActionRow>, limit: number): ActionPage {
  const rows: ActionRow[] = [];
  let bytes = 0;
  for (const action of actions) {
    if (rows.length === limit || bytes >= LIST_BYTES_MAX) return { rows, hasMore: true };
    rows.push(action);
    bytes += bytesOf(action.params) + bytesOf(action.context) + bytesOf(action.result);
  }
  return { rows, hasMore: false };
}

function bytesOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}
