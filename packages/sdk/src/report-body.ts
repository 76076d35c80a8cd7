import { CanonicalJsonError, canonicalJson, LIMITS } from "@faramesh/protocol";
import type { Report } from "./calls.js";

const DESCRIPTION_CHARS_MAX = 300;
/** Left for what stands around the result in a report. */
const NODES_MAX = LIMITS.nodesMax - 16;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** The report of a result. What cannot be recorded, not being JSON or too large, is described within bounds. */
export function successReport(result: unknown): Report {
  if (result === undefined) return { success: true };
  const why = whyNotRecorded(result);
  return { success: true, result: why === null ? result : { not_recorded: why, type: typeName(result) } };
}

/** The report of an executor that threw. */
export function failureReport(error: unknown): Report {
  return { success: false, error: boundedText(describe(error), LIMITS.errorCharsMax) || "the executor threw" };
}

function whyNotRecorded(result: unknown): string | null {
  try {
    if (hasMoreNodes(result, NODES_MAX)) return `the result holds more than ${NODES_MAX} values`;
    const json = canonicalJson(result, LIMITS.nestingMax - 1, "$.result");
    const bytes = new TextEncoder().encode(json).byteLength;
    return bytes > LIMITS.resultBytesMax ? `the result is ${bytes} bytes, over ${LIMITS.resultBytesMax}` : null;
  } catch (error) {
    // A getter or a proxy in the result may throw anything; the result itself is the caller's all the same.
    return error instanceof CanonicalJsonError
      ? boundedText(error.message, DESCRIPTION_CHARS_MAX)
      : "the result cannot be read";
  }
}

/** Counts with an early end: a few lists that hold each other many times over are a small object, but a huge text. */
function hasMoreNodes(value: unknown, most: number): boolean {
  const waiting: unknown[] = [value];
  let seen = 0;
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (++seen > most) return true;
    if (typeof item !== "object" || item === null) continue;
    const members: unknown[] = Array.isArray(item) ? item : Object.values(item);
    if (members.length > most) return true;
    for (const member of members) waiting.push(member);
  }
  return false;
}

function typeName(value: unknown): string {
  try {
    const made: unknown = typeof value === "object" && value !== null ? value.constructor : undefined;
    return boundedText(typeof made === "function" ? made.name : typeof value, DESCRIPTION_CHARS_MAX) || typeof value;
  } catch {
    return typeof value;
  }
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be read";
  }
}

/** At most so many UTF-16 code units, in a form JSON can carry. */
function boundedText(text: string, charsMax: number): string {
  return text.slice(0, charsMax).replace(LONE_SURROGATE, "\uFFFD");
}
