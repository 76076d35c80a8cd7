import type { ActionEvent, Status } from "@faramesh/protocol";
import { type CallOptions, queryOf } from "./calls.js";
import { FarameshConnectionError } from "./errors.js";
import { EventParser } from "./event-parser.js";
import { type LinkedAbort, linkAbort } from "./exchange.js";
import { pause } from "./pause.js";
import { badResponse, readEvent } from "./read-answer.js";
import { isPassing, type Transport } from "./transport.js";

/** Which events to stream, and from where. A list stands for alternatives. */
export interface StreamOptions extends CallOptions {
  agent_id?: string | readonly string[] | undefined;
  tool?: string | readonly string[] | undefined;
  status?: Status | readonly Status[] | undefined;
  /** Start behind this `ledger_index`. Default: from now on. */
  after?: number | undefined;
  /** Seconds the gate may be away, once the stream was open, before the stream ends with an error. Default 300. */
  reconnectSeconds?: number | undefined;
  /** Milliseconds of silence after which the connection counts as lost; the gate writes at least every 15 s. */
  silenceMs?: number | undefined;
}

const SILENCE_MS = 45_000;
const RECONNECT_SECONDS = 300;

/**
 * Yields events as they come, each once and in order. A connection that breaks off is made again, behind the last
 * event seen. It ends by the signal (whose reason is thrown), or by leaving the loop.
 *
 * @throws {@link FarameshError} when the gate refuses, answers what is not understood, or stays away for too long.
 */
export async function* streamEvents(transport: Transport, options: StreamOptions): AsyncGenerator<ActionEvent, void> {
  const subscription = new Subscription(transport, options);
  for (;;) {
    try {
      yield* subscription.connection();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!subscription.mayOutlast(error)) throw error;
    }
    await subscription.pause();
  }
}

/** What lasts over reconnections: the place in the stream, and how long the gate has been away. */
class Subscription {
  readonly #transport: Transport;
  readonly #options: StreamOptions;
  readonly #query: URLSearchParams;
  #lastId: string | null;
  #lastIndex: number;
  #failures = 0;
  #wasOpen = false;
  #awaySinceMs: number | null = null;

  constructor(transport: Transport, options: StreamOptions) {
    const { agent_id, tool, status, after } = options;
    this.#transport = transport;
    this.#options = options;
    this.#query = queryOf({ agent_id, tool, status });
    this.#lastId = after === undefined ? null : String(after);
    this.#lastIndex = after ?? -1;
  }

  /** The events of one connection, until it ends. */
  async *connection(): AsyncGenerator<ActionEvent, void> {
    const link = linkAbort(this.#options.signal);
    try {
      const body = await this.#open(link);
      const parser = new EventParser();
      for await (const piece of pieces(body, link, this.#options.silenceMs ?? SILENCE_MS)) {
        this.#failures = 0;
        this.#awaySinceMs = null;
        for (const data of parser.feed(piece)) {
          const event = parsedEvent(data);
          this.#lastId = String(event.ledger_index);
          if (event.ledger_index <= this.#lastIndex) continue;
          this.#lastIndex = event.ledger_index;
          yield event;
        }
        this.#lastId = parser.lastId ?? this.#lastId;
      }
    } catch (error) {
      throw link.signal.aborted ? link.signal.reason : error;
    } finally {
      link.abort(new Error("the stream was left"));
      link.release();
    }
  }

  /** Leaves the gate alone for a moment before the next connection. */
  async pause(): Promise<void> {
    this.#failures++;
    await pause(this.#transport.retryDelayMs(this.#failures), this.#options.signal);
  }

  /** Whether to connect again after a failure. */
  mayOutlast(error: unknown): boolean {
    if (!isPassing(error)) return false;
    if (!this.#wasOpen) return this.#failures < this.#transport.retries;
    // Counted from the first failure, not from the last event: a reader may have taken its time in between.
    this.#awaySinceMs ??= performance.now();
    return performance.now() - this.#awaySinceMs < (this.#options.reconnectSeconds ?? RECONNECT_SECONDS) * 1000;
  }

  async #open(link: LinkedAbort): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#lastId !== null) headers["last-event-id"] = this.#lastId;
    const late = new FarameshConnectionError("The gate did not open the event stream in time.", { code: "timeout" });
    const timer = setTimeout(() => link.abort(late), this.#transport.timeoutMs);
    try {
      const response = await this.#transport.open("/v1/events", this.#query, headers, link.signal);
      if (response.body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
        throw badResponse(
          "What came instead of an event stream is not one; is there a gate at this URL?",
          response.status,
        );
      }
      this.#wasOpen = true;
      this.#awaySinceMs = null;
      return response.body;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The text of a body as it comes; long silence counts as a lost connection. */
async function* pieces(body: ReadableStream<Uint8Array>, link: LinkedAbort, silenceMs: number): AsyncGenerator<string> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const bytes = await nextPiece(reader, link, silenceMs);
    if (bytes === null) return;
    yield decoder.decode(bytes, { stream: true });
  }
}

async function nextPiece(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  link: LinkedAbort,
  silenceMs: number,
): Promise<Uint8Array | null> {
  const silent = new FarameshConnectionError("The event stream fell silent.", { code: "timeout" });
  const timer = setTimeout(() => link.abort(silent), silenceMs);
  try {
    const part = await reader.read();
    return part.done ? null : part.value;
  } catch (error) {
    throw new FarameshConnectionError("The event stream broke off.", { code: "unreachable", cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function parsedEvent(data: string): ActionEvent {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw badResponse("An event of the stream is not JSON");
  }
  return readEvent(value);
}
