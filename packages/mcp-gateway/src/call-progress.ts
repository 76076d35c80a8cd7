import type { Action } from "@faramesh/sdk";
import type { Progress } from "@modelcontextprotocol/client";
import type { ServerContext } from "@modelcontextprotocol/server";
import { GATEWAY_LIMITS } from "./limits.js";
import { heldSentence } from "./tool-results.js";

/** Tells a client that asked for it how its call goes on: while it is held, and while it runs. */
export class CallProgress {
  readonly #notify: ServerContext["mcpReq"]["notify"];
  readonly #token: string | number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sent = 0;

  constructor({ mcpReq }: ServerContext) {
    this.#notify = mcpReq.notify;
    this.#token = mcpReq._meta?.progressToken;
  }

  /** Says now, and again and again, that the call is held. */
  held(action: Action): void {
    if (this.#token === undefined) return;
    const message = heldSentence(action);
    const tell = () => this.#send({ progress: this.#sent + 1, message });
    tell();
    this.#timer = setInterval(tell, GATEWAY_LIMITS.heldProgressMs);
  }

  /** What to pass on of the MCP server's own progress, from where the wait has come to. */
  relay(): ((progress: Progress) => void) | undefined {
    this.stop();
    if (this.#token === undefined) return undefined;
    const from = this.#sent;
    return ({ progress, total, message }) =>
      this.#send({
        progress: from + progress,
        ...(total !== undefined && { total: from + total }),
        ...(message !== undefined && { message }),
      });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #send(params: Progress): void {
    this.#sent = Math.max(this.#sent, params.progress);
    const notification = { method: "notifications/progress", params: { ...params, progressToken: this.#token } };
    // A client that is gone is found out about by its request.
    this.#notify(notification).catch(() => {});
  }
}
