import { readEnvironment } from "./environment.js";
import { FarameshConfigError } from "./errors.js";

/** The part of `fetch` (WHATWG) that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How to reach the gate. `url`, `apiKey` and `allowInsecureHttp` come from the environment where they are left out. */
export interface ClientOptions {
  /** Where the gate is, with a path prefix if it has one. Default `FARAMESH_URL`, then `http://127.0.0.1:8000`. */
  url?: string | undefined;
  /** The key; `null` sends none, for calls that carry an approval token alone. Default `FARAMESH_API_KEY`. */
  apiKey?: string | null | undefined;
  /** Milliseconds for one attempt of one request, waits not counted. Default 10,000. */
  timeoutMs?: number | undefined;
  /** Further attempts after one that found no connection, or was answered with 429 or 5xx. Default 3. */
  retries?: number | undefined;
  /** Milliseconds the first pause before a retry lasts at most; doubled for each one after. Default 250. */
  backoffMs?: number | undefined;
  /** Milliseconds any pause lasts at most; a `Retry-After` beyond it is not waited for, but thrown. Default 30,000. */
  backoffMaxMs?: number | undefined;
  /** Bytes of an answer beyond which it is refused. Default 32 MiB. */
  responseBytesMax?: number | undefined;
  /** Accept plain HTTP to other hosts than this one, where anybody on the way could read the key or answer instead. */
  allowInsecureHttp?: boolean | undefined;
  /** Stands in for the global `fetch`. */
  fetch?: Fetch | undefined;
}

/** Checked settings, nothing left open. */
export interface Settings {
  /** Without a slash at the end. */
  readonly url: string;
  readonly apiKey: string | null;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly responseBytesMax: number;
  readonly fetch: Fetch;
}

const DEFAULT_URL = "http://127.0.0.1:8000";
const LOOPBACK_HOST = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const VISIBLE_ASCII = /^[!-~]+$/;
/** The longest delay timers take; anything beyond would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Settings from options, then the environment, then defaults.
 *
 * @throws {@link FarameshConfigError} for what cannot work or would not be safe; the message never holds the key.
 */
export function resolveSettings(options: ClientOptions): Settings {
  const environment = readEnvironment();
  const fetch = options.fetch;
  return {
    url: checkedUrl(
      options.url ?? environment.url ?? DEFAULT_URL,
      options.allowInsecureHttp ?? environment.allowInsecureHttp,
    ),
    apiKey: checkedKey(options.apiKey === undefined ? (environment.apiKey ?? null) : options.apiKey),
    timeoutMs: checkedNumber("timeoutMs", options.timeoutMs ?? 10_000, 1),
    retries: checkedNumber("retries", options.retries ?? 3, 0),
    backoffMs: checkedNumber("backoffMs", options.backoffMs ?? 250, 0),
    backoffMaxMs: checkedNumber("backoffMaxMs", options.backoffMaxMs ?? 30_000, 0),
    responseBytesMax: checkedNumber("responseBytesMax", options.responseBytesMax ?? 32 * 1024 * 1024, 1),
    // Looked up at each call, so that a fetch that is put in place later (by a tracer, say) is used.
    fetch: (url, init) => (fetch ?? globalThis.fetch)(url, init),
  };
}

function checkedUrl(text: string, allowInsecureHttp: boolean): string {
  const url = parsedUrl(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new FarameshConfigError(
      "The gate's URL must not hold a user, a query or a fragment; give the key as apiKey or FARAMESH_API_KEY",
    );
  }
  if (url.protocol === "http:" && !allowInsecureHttp && !LOOPBACK_HOST.test(url.hostname)) {
    throw new FarameshConfigError(
      `Plain http to ${url.hostname} would show the key to anybody on the way, and let them answer in the gate's ` +
        "place. Use https, or set allowInsecureHttp (FARAMESH_ALLOW_INSECURE_HTTP=1) for a network you trust",
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function parsedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new FarameshConfigError("The gate's URL must look like http://127.0.0.1:8000 or https://host");
  }
  return url;
}

function checkedKey(key: string | null): string | null {
  if (key === null || VISIBLE_ASCII.test(key)) return key;
  throw new FarameshConfigError(
    "The API key is empty, or holds spaces, line ends or characters outside ASCII; to send none, give null",
  );
}

function checkedNumber(name: string, value: number, least: number): number {
  if (value >= least && value <= TIMER_MS_MAX) return value;
  throw new FarameshConfigError(`${name} must be a number from ${least} to ${TIMER_MS_MAX}`);
}
