import { FarameshConnectionError } from "./errors.js";
import { badResponse } from "./read-answer.js";
import type { Fetch } from "./settings.js";

/** One HTTP request and the bounds of its answer. */
export interface Exchange {
  readonly url: string;
  readonly init: RequestInit;
  /** Milliseconds until the whole answer must be there. */
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
  readonly signal: AbortSignal | undefined;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Codes of failures in which no connection came about, so that the gate cannot have seen the request. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** An abort that ends when the caller's signal does, and on {@link LinkedAbort.abort}. Release it when done. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  release(): void;
}

/** Links a new abort to the caller's signal, without leaving a listener on it (as `AbortSignal.any` may). */
export function linkAbort(signal: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  signal?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => signal?.removeEventListener("abort", follow),
  };
}

/**
 * Sends one request and reads the answer within its bounds of time and size.
 *
 * @throws {@link FarameshConnectionError} when no whole answer came; the signal's reason when it is aborted.
 */
export async function exchange(fetch: Fetch, request: Exchange): Promise<Answer> {
  const link = linkAbort(request.signal);
  const timer = setTimeout(() => link.abort(timeoutError(request)), request.timeoutMs);
  try {
    const response = await fetch(request.url, { ...request.init, signal: link.signal });
    return {
      status: response.status,
      headers: response.headers,
      text: await boundedText(response, request.responseBytesMax),
    };
  } catch (error) {
    throw link.signal.aborted ? link.signal.reason : connectionError(error, request.url);
  } finally {
    clearTimeout(timer);
    link.release();
  }
}

/** The error for a request that found no answer. */
export function connectionError(error: unknown, url: string): FarameshConnectionError {
  if (error instanceof FarameshConnectionError) return error;
  const why = causeCode(error) ?? (error instanceof Error ? error.message : "the connection failed");
  const message = `The gate at ${new URL(url).origin} cannot be reached (${why}); nothing may run. Is it running, and is FARAMESH_URL right?`;
  return new FarameshConnectionError(message, { code: "unreachable", cause: error });
}

/** Whether an error shows that the gate cannot have seen the request, so that repeating it does nothing twice. */
export function neverArrived(error: FarameshConnectionError): boolean {
  return NOT_CONNECTED.has(causeCode(error.cause));
}

/**
 * The text of a body, read only as far as its bound.
 *
 * @throws {@link FarameshConnectionError} `bad_response` when it is larger, or not UTF-8.
 */
export async function boundedText(response: Response, bytesMax: number): Promise<string> {
  if (response.body === null) return "";
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel();
      throw badResponse(`The answer is larger than ${bytesMax} bytes (responseBytesMax)`, response.status);
    }
    text += decodedText(decoder, part.value, response.status);
  }
  return text + decodedText(decoder, undefined, response.status);
}

function decodedText(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array | undefined, status: number): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw badResponse("The answer is not UTF-8", status);
  }
}

function timeoutError(request: Exchange): FarameshConnectionError {
  return new FarameshConnectionError(
    `The gate at ${new URL(request.url).origin} did not answer within ${request.timeoutMs} ms.`,
    { code: "timeout" },
  );
}

function causeCode(error: unknown): string | undefined {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : undefined;
}
