import { setTimeout as pause } from "node:timers/promises";
import type { ActionEvent } from "@faramesh/protocol";
import type { StreamedEvent, StreamLog } from "./final-state.js";
import { until } from "./until.js";

/** Where a reader reads, and what of it. */
export interface StreamSettings {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string;
  /** The ledger index to begin behind. */
  readonly after: number;
  readonly agentId: string | null;
}

/** Silence after which a connection counts as lost: a stopped node says nothing. */
const SILENCE_MS = 2_000;
const PAUSE_MS = 50;

/**
 * Reads `GET /v1/events` for as long as it is let, over broken and silent connections, each resumed by `Last-Event-ID`
 * behind the last event it got. It keeps everything as it came: what is lost, repeated or out of order stays so.
 */
export class StreamReader {
  readonly #settings: StreamSettings;
  readonly #events: StreamedEvent[] = [];
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;

  constructor(settings: StreamSettings) {
    this.#settings = settings;
    this.#done = this.#readOn();
  }

  get agentId(): string | null {
    return this.#settings.agentId;
  }

  /** Reads until it has the event at an index, or the time is over; then no more. */
  async finish(lastIndex: number, withinMs: number): Promise<StreamLog> {
    const hasAll = (): boolean => (this.#events.at(-1)?.index ?? -1) >= lastIndex;
    // A stream that does not get there is for the checker to tell.
    await until("the stream is at its end", withinMs, hasAll).catch(() => {});
    await this.close();
    const { name, after, agentId } = this.#settings;
    return { name, after, agentId, events: this.#events };
  }

  /** Reads no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#readOnce(signal);
      } catch {
        // Whatever ended the connection, the next one goes on behind the last event.
      }
      await pause(PAUSE_MS);
    }
  }

  async #readOnce(closing: AbortSignal): Promise<void> {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const body = await this.#open(AbortSignal.any([closing, silent.signal]));
      const decoder = new TextDecoder();
      let text = "";
      for await (const bytes of body) {
        timer.refresh();
        const blocks = (text + decoder.decode(bytes, { stream: true })).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { url, apiKey, after, agentId } = this.#settings;
    const query = agentId === null ? "" : `?agent_id=${encodeURIComponent(agentId)}`;
    const lastIndex = this.#events.at(-1)?.index ?? after;
    const headers = { authorization: `Bearer ${apiKey}`, "last-event-id": String(lastIndex) };
    const response = await fetch(`${url}/v1/events${query}`, { headers, signal });
    if (!response.ok || response.body === null) throw new Error(`the stream was answered with ${response.status}`);
    return response.body;
  }

  #take(block: string): void {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    const event = JSON.parse(data) as ActionEvent;
    this.#events.push({ index: event.ledger_index, actionId: event.action_id, leafHash: event.leaf_hash });
  }
}
