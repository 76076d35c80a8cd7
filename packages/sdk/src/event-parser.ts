import { badResponse } from "./read-answer.js";

/** What the gate numbers its events with: an index of the ledger. Anything else could not go into a header. */
const LEDGER_INDEX = /^\d{1,15}$/;

/** Characters of one event, or of one line, beyond which a stream is refused. */
const EVENT_CHARS_MAX = 1024 * 1024;

/** Reads `text/event-stream` (WHATWG HTML, 9.2) in whatever pieces it comes. */
export class EventParser {
  #rest = "";
  #data: string[] = [];
  #dataChars = 0;
  #lastId: string | null = null;

  /** The place in the stream to resume behind; null as long as the gate named none. */
  get lastId(): string | null {
    return this.#lastId;
  }

  /**
   * The data of each event that this piece completes.
   *
   * @throws FarameshConnectionError `bad_response` when one event is larger than 1 MiB.
   */
  *feed(piece: string): Generator<string> {
    const text = this.#rest + piece;
    // A carriage return at the end may be half of a line end, so it waits for the next piece.
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + text.slice(end);
    for (const line of lines) {
      const data = this.#line(line);
      if (data !== null) yield data;
    }
    assertBounded(this.#dataChars + this.#rest.length);
  }

  #line(line: string): string | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#addData(value);
    else if (field === "id" && LEDGER_INDEX.test(value)) this.#lastId = value;
    return null;
  }

  #addData(value: string): void {
    this.#dataChars += value.length;
    assertBounded(this.#dataChars);
    this.#data.push(value);
  }

  #dispatch(): string | null {
    if (this.#data.length === 0) return null;
    const data = this.#data.join("\n");
    this.#data = [];
    this.#dataChars = 0;
    return data;
  }
}

function assertBounded(chars: number): void {
  if (chars > EVENT_CHARS_MAX) throw badResponse("An event of the stream is larger than 1 MiB");
}
