import { type JsonValue, LIMITS } from "@faramesh/protocol";
import { parseSlowly } from "./strict-json-parser.js";

/**
 * Parses JSON (RFC 8259) that every parser reads alike: I-JSON (RFC 7493) and stricter.
 *
 * One scan over the text and one walk over the value that `JSON.parse` reads show that nothing in it is doubtful,
 * which is so for ordinary bodies. Only where something may be is the text read again by a parser that
 * judges each token and knows where it stands.
 *
 * @param nodesMax - The most values (objects, arrays and scalars) the text may hold.
 * @throws {@link StrictJsonError} `invalid_json` where the text is not JSON; `invalid_action` for duplicate keys, lone
 *   surrogates, the keys `__proto__` and `constructor`, integers beyond ±(2^53−1), numbers whose decimal value a
 *   double does not carry, nesting over `LIMITS.nestingMax` and over `nodesMax` values.
 */
export function parseStrictJson(text: string, nodesMax: number = LIMITS.nodesMax): JsonValue {
  // Looked at before it is parsed: a text that nests deeply or holds too much must not cost more than reading it.
  const members = DOUBTFUL.test(text) ? -1 : countMembers(text, nodesMax);
  if (members < 0) return parseSlowly(text, nodesMax);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return parseSlowly(text, nodesMax);
  }
  return members === countKept(value) ? value : parseSlowly(text, nodesMax);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
/** Any decimal of at most 15 significant digits survives the way into a double and back (IEEE 754, DBL_DIG). */
const SURE_NUMBER_CHARS_MAX = 15;
/** What a text must not hold to be taken as plain. A false alarm costs time, never rightness. */
const DOUBTFUL = /\\u|__proto__|constructor|\p{Surrogate}/u;

/**
 * How many `key: value` pairs the text holds; −1 where a number is long or has an exponent, or the text nests too
 * deeply or holds too many values.
 */
function countMembers(text: string, nodesMax: number): number {
  let members = 0;
  let nodes = 1;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = closingQuote(text, index);
      if (index < 0) return -1;
    } else if (code === COLON) {
      members++;
    } else if (code === COMMA) {
      nodes++;
    } else if (code === 0x7b || code === 0x5b) {
      nodes++;
      if (++depth > LIMITS.nestingMax) return -1;
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = sureNumberEnd(text, index);
      if (end < 0) return -1;
      index = end;
    }
  }
  return nodes > nodesMax ? -1 : members;
}

/** The index of the quote that ends the string beginning at `start`; −1 where there is none. */
function closingQuote(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** The index of a number's last character, or −1 where its value may not survive in a double. */
function sureNumberEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    const code = text.charCodeAt(end + 1);
    if (code === 0x65 || code === 0x45) return -1;
    if (code !== 0x2e && !(code >= 0x30 && code <= 0x39)) break;
    end++;
  }
  return end - start < SURE_NUMBER_CHARS_MAX ? end : -1;
}

/** How many members the parsed value has: fewer than its text shows where a key came twice. */
function countKept(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countKept(item);
    return members;
  }
  for (const key in value) {
    members++;
    const member = value[key];
    if (typeof member === "object" && member !== null) members += countKept(member);
  }
  return members;
}
