import { answeredError } from "./answered-error.js";
import { FarameshConnectionError, FarameshError, RateLimitedError, ServerError } from "./errors.js";
import { type Answer, boundedText, connectionError, exchange, neverArrived } from "./exchange.js";
import { backoffDelayMs, pause } from "./pause.js";
import { badResponse } from "./read-answer.js";
import type { Settings } from "./settings.js";

/** One request to the gate, and how to read its answer. */
export interface Call<T> {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: URLSearchParams;
  /** JSON text. */
  readonly body?: string;
  /** Sent with every attempt, so that a lost answer never makes two of anything. */
  readonly idempotencyKey?: string;
  /** Whether sending it twice does no more than sending it once, with or without a key. */
  readonly repeatable: boolean;
  /** Milliseconds the gate is asked to hold the answer. */
  readonly holdMs?: number;
  /** Left out for what is public. */
  readonly anonymous?: true;
  /** Set where something else than a key lets it in, so that a 401 is not about a missing key. */
  readonly keyOptional?: true;
  readonly signal?: AbortSignal | undefined;
  /** @throws FarameshConnectionError `bad_response` for an answer that is not understood. */
  read(body: unknown, headers: Headers): T;
}

const ERROR_BYTES_MAX = 65_536;

/** Sends calls to one gate: bounds, retries and errors are the same for all of them. */
export class Transport {
  // Private to the engine, so that no inspection or log of a client shows the key.
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Where the gate is. */
  get url(): string {
    return this.#settings.url;
  }

  /**
   * Sends a call until it is answered or the attempts are used up.
   *
   * @throws {@link FarameshError} by what went wrong; the signal's reason when it is aborted.
   */
  async send<T>(call: Call<T>): Promise<T> {
    const init = this.#init(call);
    for (let failures = 1; ; failures++) {
      try {
        return call.read(...this.#understood(call, await this.#exchange(call, init)));
      } catch (error) {
        if (failures > this.#settings.retries || !isWorthRepeating(error, call.repeatable)) throw error;
        await pause(this.#pauseMs(error, failures), call.signal);
      }
    }
  }

  /**
   * Opens an answer that goes on. The caller ends it by the signal, which also bounds how long opening may take.
   *
   * @throws {@link FarameshError} when it is not answered with 200.
   */
  async open(
    path: string,
    query: URLSearchParams,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const url = this.#address(path, query);
    try {
      const response = await this.#settings.fetch(url, {
        headers: { ...this.#authorization(), ...headers },
        redirect: "manual",
        signal,
      });
      if (response.status === 200) return response;
      const text = await boundedText(response, ERROR_BYTES_MAX);
      throw this.#refusal({}, { status: response.status, headers: response.headers, text });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof FarameshError ? error : connectionError(error, url);
    }
  }

  /** Milliseconds to wait before the attempt after this many failures. */
  retryDelayMs(failures: number): number {
    return backoffDelayMs(failures, this.#settings.backoffMs, this.#settings.backoffMaxMs);
  }

  get timeoutMs(): number {
    return this.#settings.timeoutMs;
  }

  get retries(): number {
    return this.#settings.retries;
  }

  #exchange<T>(call: Call<T>, init: RequestInit): Promise<Answer> {
    return exchange(this.#settings.fetch, {
      url: this.#address(call.path, call.query),
      init,
      timeoutMs: this.#settings.timeoutMs + (call.holdMs ?? 0),
      responseBytesMax: this.#settings.responseBytesMax,
      signal: call.signal,
    });
  }

  #init<T>(call: Call<T>): RequestInit {
    const headers: Record<string, string> = { accept: "application/json" };
    if (call.anonymous !== true) Object.assign(headers, this.#authorization());
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (call.idempotencyKey !== undefined) headers["idempotency-key"] = call.idempotencyKey;
    // "manual" and not "error": a redirect is refused either way, but so it can be told from a gate that is away.
    return {
      method: call.method,
      headers,
      redirect: "manual",
      ...(call.body === undefined ? {} : { body: call.body }),
    };
  }

  #authorization(): Record<string, string> {
    const { apiKey } = this.#settings;
    return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  }

  #address(path: string, query: URLSearchParams | undefined): string {
    const asked = query?.toString() ?? "";
    return `${this.#settings.url}${path}${asked === "" ? "" : `?${asked}`}`;
  }

  #understood<T>(call: Call<T>, answer: Answer): [unknown, Headers] {
    if (answer.status < 200 || answer.status > 299) throw this.#refusal(call, answer);
    try {
      return [JSON.parse(answer.text), answer.headers];
    } catch {
      throw badResponse(
        `HTTP ${answer.status} came with a body that is not JSON; is there a gate at ${this.#settings.url}?`,
        answer.status,
      );
    }
  }

  #refusal({ keyOptional }: Pick<Call<unknown>, "keyOptional">, { status, headers, text }: Answer): Error {
    const lacksKey = this.#settings.apiKey === null && keyOptional !== true;
    if (status >= 400) return answeredError(status, headers, this.#withoutKey(text), lacksKey);
    return badResponse(
      `HTTP ${status} came instead of an answer. Redirects are not followed, because a key must not be sent elsewhere; ` +
        "give the gate's final URL",
      status,
    );
  }

  /** Whatever answered may echo what it was sent; errors end up in logs. */
  #withoutKey(text: string): string {
    const { apiKey } = this.#settings;
    return apiKey === null ? text : text.replaceAll(apiKey, "[key]");
  }

  /** @throws The error itself when the gate asks for a longer pause than this client makes. */
  #pauseMs(error: unknown, failures: number): number {
    const asked =
      error instanceof RateLimitedError || error instanceof ServerError ? error.retryAfterSeconds : undefined;
    if (asked === undefined) return this.retryDelayMs(failures);
    if (asked * 1000 > this.#settings.backoffMaxMs) throw error;
    return asked * 1000;
  }
}

/** Whether a failure may pass by itself: the gate is away, overloaded or failing, and was not misunderstood. */
export function isPassing(error: unknown): error is FarameshConnectionError | RateLimitedError | ServerError {
  if (error instanceof FarameshConnectionError) return error.code !== "bad_response";
  return error instanceof RateLimitedError || (error instanceof ServerError && error.status !== 501);
}

function isWorthRepeating(error: unknown, repeatable: boolean): boolean {
  if (!isPassing(error)) return false;
  if (repeatable || error instanceof RateLimitedError) return true;
  return error instanceof FarameshConnectionError && neverArrived(error);
}
