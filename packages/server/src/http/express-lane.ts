import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS } from "@faramesh/protocol";
import type { Principal } from "../gate/principal.js";
import type { Door } from "./authenticate.js";
import type { Ask, HotAnswer, HotRoute, Lane } from "./hot-route.js";
import { readStrictBody } from "./json-body.js";
import type { Metrics } from "./metrics.js";
import { type Log, problemAnswer } from "./problem.js";

const JSON_TYPE = "application/json; charset=utf-8";

/** What the lane is built from. */
export interface LaneParts {
  readonly door: Door;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly closing: AbortSignal;
  readonly newRequestId: () => string;
}

interface OpenRoute {
  answer(ask: Ask): HotAnswer | Promise<HotAnswer>;
  count(status: number, seconds: number): void;
}

/**
 * The way in for ordinary requests to hot routes, without the framework, which costs more than deciding does. Ordinary
 * is: the plain path, JSON of a told length within the bound, and a key that was seen a moment ago. Everything else is
 * left to the framework, and so is a whole gate that runs without keys; both ways end in the same function of the route, and tests hold their answers together.
 */
export class ExpressLane implements Lane {
  readonly #parts: LaneParts;
  readonly #routes = new Map<string, OpenRoute>();
  #leaving: Passage[] = [];

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  open(route: HotRoute): void {
    this.#routes.set(route.url, {
      answer: (ask) => route.answer(ask),
      count: this.#parts.metrics.counterFor("POST", route.url),
    });
  }

  /**
   * Sends answers together at the end of the event loop's turn: one after another they would wake the other side for
   * each, and on most machines that costs more than the answer.
   */
  readonly #depart = (passage: Passage): void => {
    if (this.#leaving.push(passage) === 1) setImmediate(this.#sendAll);
  };

  readonly #sendAll = (): void => {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const passage of leaving) passage.send();
  };

  /** Answers a request if it is ordinary; with false it has not been touched. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const route = request.method === "POST" ? this.#routes.get(request.url as string) : undefined;
    if (route === undefined || !isOrdinary(request) || this.#parts.closing.aborted) return false;
    const principal = this.#parts.door.knownPrincipal(request);
    if (principal === null) return false;
    new Passage(this.#parts, route, principal, request, response, this.#depart).begin();
    return true;
  }
}

function isOrdinary({ headers }: IncomingMessage): boolean {
  if (headers["content-type"] !== "application/json" || headers["transfer-encoding"] !== undefined) return false;
  const length = Number(headers["content-length"]);
  return length > 0 && length <= LIMITS.bodyBytesMax;
}

const NO_QUERY = {};

/** One request on its way through the lane. */
class Passage implements Ask {
  readonly principal: Principal;
  readonly query = NO_QUERY;
  body: unknown;
  readonly #parts: LaneParts;
  readonly #route: OpenRoute;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #depart: (passage: Passage) => void;
  readonly #beganAtMs = performance.now();
  #bytes: Buffer | null = null;
  #text = "";

  constructor(
    parts: LaneParts,
    route: OpenRoute,
    principal: Principal,
    request: IncomingMessage,
    response: ServerResponse,
    depart: (passage: Passage) => void,
  ) {
    this.#parts = parts;
    this.#route = route;
    this.principal = principal;
    this.#request = request;
    this.#response = response;
    this.#depart = depart;
  }

  get headers(): IncomingMessage["headers"] {
    return this.#request.headers;
  }

  gone(): AbortSignal {
    return this.#parts.closing;
  }

  begin(): void {
    this.#request.on("data", (chunk: Buffer) => {
      this.#bytes = this.#bytes === null ? chunk : Buffer.concat([this.#bytes, chunk]);
    });
    this.#request.on("end", () => this.#answer());
  }

  send(): void {
    this.#response.end(this.#text);
  }

  #answer(): void {
    try {
      this.body = readStrictBody(this.#bytes ?? Buffer.alloc(0));
      const answer = this.#route.answer(this);
      if (answer instanceof Promise) answer.then(this.#succeed).catch(this.#fail);
      else this.#succeed(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #succeed = ({ status, headers, body }: HotAnswer): void => {
    this.#write(status, { "content-type": JSON_TYPE, ...headers }, JSON.stringify(body));
  };

  readonly #fail = (error: unknown): void => {
    const { status, headers, body } = problemAnswer(error, this.#parts.newRequestId(), this.#parts.log);
    this.#write(status, headers, body);
  };

  #write(status: number, headers: Record<string, string | number>, text: string): void {
    headers["content-length"] = Buffer.byteLength(text);
    this.#response.writeHead(status, headers);
    this.#text = text;
    this.#depart(this);
    this.#route.count(status, (performance.now() - this.#beganAtMs) / 1000);
  }
}
