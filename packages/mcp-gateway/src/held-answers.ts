import type { ApprovalRequired } from "@faramesh/sdk";
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  PROTOCOL_VERSION_META_KEY,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { GATEWAY_LIMITS } from "./limits.js";
import { errorResult, heldResult, heldSentence } from "./tool-results.js";

/** What a client that was told to come back brings with it, sealed. */
export interface HeldState {
  readonly actionId: string;
  /** Whether the person at the client was asked. */
  readonly asked: boolean;
}

const QUESTION = "wait";

/** How a session answers calls that are held. */
export class HeldAnswers {
  readonly #codec: RequestStateCodec<HeldState>;
  readonly #askToWait: boolean;
  readonly #connection: () => ClientCapabilities | undefined;

  /**
   * @param codec - Seals the state, bound to the session and the agent.
   * @param connection - What the client of a 2025 connection declared.
   */
  constructor(
    codec: RequestStateCodec<HeldState>,
    askToWait: boolean,
    connection: () => ClientCapabilities | undefined,
  ) {
    this.#codec = codec;
    this.#askToWait = askToWait;
    this.#connection = connection;
  }

  /**
   * The answer to a call whose action is held: `input_required` with sealed state where the client can go on with it,
   * and after a few rounds of that, or elsewhere, an error that says how to resume.
   *
   * @param rounds - How often it is answered, this time included.
   */
  async answer(
    error: ApprovalRequired,
    rounds: number,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    const isModern = envelopeOf(context)[PROTOCOL_VERSION_META_KEY] !== undefined;
    const asked = this.#askToWait && this.#canAsk(context);
    if (rounds > GATEWAY_LIMITS.heldRoundsMax || !(isModern || asked)) return heldResult(error);
    const requestState = await this.#codec.mint({ actionId: error.actionId, asked }, context);
    if (!asked) return inputRequired({ requestState });
    const message = `${heldSentence(error.action)} Waiting does not approve it. Go on waiting?`;
    const question = inputRequired.elicit({
      message,
      requestedSchema: {
        type: "object",
        properties: { go_on: { type: "boolean", title: "Go on waiting", default: true } },
        required: ["go_on"],
      },
    });
    return inputRequired({ inputRequests: { [QUESTION]: question }, requestState });
  }

  /** Whether the person at the client was asked to go on waiting, and did not say so. */
  wasDeclined(state: HeldState, context: ServerContext): boolean {
    if (!state.asked) return false;
    return acceptedContent<{ go_on?: unknown }>(context.mcpReq.inputResponses, QUESTION)?.go_on !== true;
  }

  declined(actionId: string): CallToolResult {
    return errorResult(
      `The call is still held, and was not waited for any longer. It did not run. Action ${actionId}; call the same ` +
        "tool again with exactly the same arguments to resume it.",
      { id: actionId, status: "pending_approval" },
    );
  }

  #canAsk(context: ServerContext): boolean {
    const declared = envelopeOf(context)[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
    return (declared ?? this.#connection())?.elicitation !== undefined;
  }
}

/** What a request of 2026-07-28 says of itself; empty for one of a 2025 connection. */
function envelopeOf({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> {
  return { ...mcpReq.envelope };
}
