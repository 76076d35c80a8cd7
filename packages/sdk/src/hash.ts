import { CanonicalJsonError, canonicalRequest } from "@faramesh/protocol";
import { InvalidActionError } from "./errors.js";

/** What an agent proposes. Data keeps the wire's names. */
export interface ActionInput {
  agent_id: string;
  tool: string;
  operation: string;
  /** Plain JSON data. */
  params: object;
  /** The agent's own word about the circumstances: plain JSON data. */
  context?: object | undefined;
}

const encoder = new TextEncoder();

/** The lower-case hex SHA-256 (FIPS 180-4) of a text's UTF-8 bytes. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest("SHA-256", encoder.encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The hash that names an action everywhere: SHA-256 over its canonical form (RFC 8785), as the gate computes it.
 *
 * @param action - What is submitted, or a whole action as the gate answers it.
 * @throws {@link InvalidActionError} naming the path, where the action has no canonical form.
 */
export async function requestHash(action: ActionInput): Promise<string> {
  return sha256Hex(canonicalText(action));
}

/**
 * The canonical text of an action.
 *
 * @throws {@link InvalidActionError} naming the path, where the action has no canonical form.
 */
export function canonicalText(action: ActionInput): string {
  try {
    return canonicalRequest(action);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    const fault = { path: error.path, code: "not_canonical", message: error.message };
    throw new InvalidActionError(`The action cannot be sent: ${error.message}`, {
      code: "invalid_action",
      errors: [fault],
      cause: error,
    });
  }
}
