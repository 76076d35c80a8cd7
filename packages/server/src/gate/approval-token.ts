import { timingSafeEqual } from "node:crypto";
import { sha256Hex } from "@faramesh/core";
import type { ActionRow } from "../store/store.js";
import type { Keyring } from "./gate.js";

/** A token for one approval, and the hash that is stored in its place. */
export interface ApprovalToken {
  readonly token: string;
  readonly hash: string;
}

/**
 * The token that decides one pending action. It is derived, not stored: bound to the action, its canonical form and
 * the time it ends, so that it can be shown again to whoever may use it while only its hash is at rest.
 */
export function newApprovalToken(
  keyring: Keyring,
  actionId: string,
  requestHash: string,
  expiresAtMs: number,
): ApprovalToken {
  const token = keyring.approvalToken(`${actionId} ${requestHash} ${expiresAtMs}`);
  return { token, hash: sha256Hex(token) };
}

/** The token of a pending action, for a principal that may use it. */
export function approvalTokenOf(keyring: Keyring, action: ActionRow): string {
  return newApprovalToken(keyring, action.id, action.request_hash, action.approval_expires_at_ms ?? 0).token;
}

/** Whether a token is the action's, compared in constant time over hashes. */
export function isApprovalToken(action: ActionRow, token: string): boolean {
  if (action.approval_token_hash === null) return false;
  return timingSafeEqual(Buffer.from(sha256Hex(token), "hex"), Buffer.from(action.approval_token_hash, "hex"));
}
