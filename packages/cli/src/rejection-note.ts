import type { ActionEvent } from "@faramesh/protocol";
import { type Client, FarameshError } from "@faramesh/sdk";
import { isRejection } from "./render/event.js";

/**
 * What the person who rejected an action said, which the action holds and no event does. Null where they said nothing
 * or the event is no rejection; and where the gate does not answer now, because the event is true without it.
 */
export async function rejectionNote(client: Pick<Client, "getAction">, event: ActionEvent): Promise<string | null> {
  if (!isRejection(event)) return null;
  try {
    return (await client.getAction(event.action_id)).approval.note;
  } catch (error) {
    if (error instanceof FarameshError) return null;
    throw error;
  }
}
