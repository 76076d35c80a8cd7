import type { CallToolResult } from "@modelcontextprotocol/server";
import { RE2JS } from "re2js";
import { GATEWAY_LIMITS } from "./limits.js";

const REDACTED = "[redacted]";
/** Words of the protocol itself, beside what a server says in them. */
const PROTOCOL_MEMBERS: ReadonlySet<string> = new Set(["type", "mimeType", "role"]);
/** What is not text where there is a media type: a pattern that met it by chance would break it. */
const BINARY_MEMBERS: ReadonlySet<string> = new Set(["data", "blob"]);
/** The tool's own JSON, which has no words of the protocol. */
const OWN_DATA = "structuredContent";

/** What is done to every result before the client, or the gate's record, gets it. */
export class ResultFilter {
  readonly #patterns: readonly RE2JS[];
  readonly #bytesMax: number;

  /**
   * @param redact - Patterns in RE2 syntax, matched in linear time.
   * @throws Error for a pattern that is not one, or for too many.
   */
  constructor(options: { bytesMax?: number | undefined; redact?: readonly string[] | undefined }) {
    const { bytesMax = GATEWAY_LIMITS.resultBytesDefault, redact = [] } = options;
    if (redact.length > GATEWAY_LIMITS.redactionsMax) {
      throw new Error(`at most ${GATEWAY_LIMITS.redactionsMax} patterns are redacted`);
    }
    this.#bytesMax = bytesMax;
    this.#patterns = redact.map((pattern) => RE2JS.compile(pattern));
  }

  /** Text without what is to be redacted. */
  text(text: string): string {
    return this.#patterns.reduce((left, pattern) => pattern.matcher(left).replaceAll(REDACTED), text);
  }

  /** Any other result than that of a tool. @throws Error where it is too large. */
  plain<T extends object>(result: T): T {
    const redacted = this.#redacted(result, true) as T;
    const bytes = bytesOf(redacted);
    if (bytes <= this.#bytesMax) return redacted;
    throw new Error(`the answer has ${bytes} bytes, over the limit of ${this.#bytesMax}`);
  }

  /**
   * A tool's result, redacted, and cut to its beginning where it is too large.
   *
   * @param hasOutputSchema - Clients then take no other result without structured content than an error.
   */
  tool(result: CallToolResult, hasOutputSchema: boolean): CallToolResult {
    const redacted = this.#redacted(result, true) as CallToolResult;
    const bytes = bytesOf(redacted);
    return bytes <= this.#bytesMax ? redacted : this.#cut(redacted, bytes, hasOutputSchema);
  }

  #cut(result: CallToolResult, bytes: number, hasOutputSchema: boolean): CallToolResult {
    const texts = result.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
    const note =
      `[The tool ran; do not call it again for this. Its result has ${bytes} bytes, over the limit of ` +
      `${this.#bytesMax}; only the beginning of its text follows.]`;
    const beginning = Buffer.from(texts.join("\n")).subarray(0, Math.floor(this.#bytesMax / 2));
    const text = beginning.toString("utf8").replace(/\uFFFD$/, "");
    const isError = hasOutputSchema || result.isError === true;
    return { content: [{ type: "text", text: `${note}\n${text}` }], ...(isError && { isError }) };
  }

  #redacted(value: unknown, isProtocol: boolean): unknown {
    if (this.#patterns.length === 0) return value;
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#redacted(item, isProtocol));
    if (typeof value !== "object" || value === null) return value;
    const isKept = (name: string) =>
      isProtocol && (PROTOCOL_MEMBERS.has(name) || ("mimeType" in value && BINARY_MEMBERS.has(name)));
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        isKept(name) ? (member as unknown) : this.#redacted(member, isProtocol && name !== OWN_DATA),
      ]),
    );
  }
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
