import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS } from "@faramesh/protocol";
import type { Principal } from "../gate/principal.js";
import type { Door } from "./authenticate.js";
import { Departures, type Leaving } from "./departures.js";
import type { Ask, HotAnswer, HotRoute, Lane } from "./hot-route.js";
import { readStrictBody } from "./json-body.js";
import type { Metrics } from "./metrics.js";
import { brokenOff, type Log, problemAnswer } from "./problem.js";

const JSON_TYPE = "application/json; charset=utf-8";

/** What the lane is built from. */
export interface LaneParts {
  readonly door: Door;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly closing: AbortSignal;
  readonly newRequestId: () => string;
}

/** When answers leave. */
interface Exits {
  /** For answers that are there in the turn of the event loop in which their request came. */
  readonly atTurnsEnd: Departures;
  /** For answers that had to be waited for: those of one commit are there together, and waiting on wins nothing. */
  readonly atOnce: Departures;
}

interface OpenRoute {
  answer(ask: Ask): HotAnswer | Promise<HotAnswer>;
  count(status: number, seconds: number): void;
}

/**
 * The way in for ordinary requests to hot routes, without the framework, which costs more than deciding does. Ordinary
 * is: the plain path, JSON of a told length within the bound, and a key that was seen a moment ago. Everything else is
 * left to the framework, and so is a whole gate that runs without keys; both ways end in the same function of the route,
 * and tests hold their answers together.
 */
export class ExpressLane implements Lane {
  readonly #parts: LaneParts;
  readonly #routes = new Map<string, OpenRoute>();
  readonly #exits: Exits = {
    atTurnsEnd: new Departures(setImmediate),
    atOnce: new Departures((sendAll) => process.nextTick(sendAll)),
  };

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  open(route: HotRoute): void {
    this.#routes.set(route.url, {
      answer: (ask) => route.answer(ask),
      count: this.#parts.metrics.counterFor("POST", route.url),
    });
  }

  /** Answers a request if it is ordinary; with false it has not been touched. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const route = request.method === "POST" ? this.#routes.get(request.url as string) : undefined;
    if (route === undefined || !isOrdinary(request) || this.#parts.closing.aborted) return false;
    const principal = this.#parts.door.knownPrincipal(request);
    if (principal === null) return false;
    new Passage(this.#parts, route, principal, request, response, this.#exits).begin();
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
class Passage implements Ask, Leaving {
  principal: Principal;
  readonly query = NO_QUERY;
  body: unknown;
  readonly #parts: LaneParts;
  readonly #route: OpenRoute;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exits: Exits;
  readonly #keyGeneration: number;
  readonly #beganAtMs = performance.now();
  readonly #pieces: Buffer[] = [];
  #exit: Departures;
  #text = "";

  constructor(
    parts: LaneParts,
    route: OpenRoute,
    principal: Principal,
    request: IncomingMessage,
    response: ServerResponse,
    exits: Exits,
  ) {
    this.#parts = parts;
    this.#route = route;
    this.principal = principal;
    this.#request = request;
    this.#response = response;
    this.#exits = exits;
    this.#exit = exits.atTurnsEnd;
    this.#keyGeneration = parts.door.generation;
  }

  get headers(): IncomingMessage["headers"] {
    return this.#request.headers;
  }

  gone(): AbortSignal {
    return this.#parts.closing;
  }

  begin(): void {
    this.#request.on("data", (piece: Buffer) => this.#pieces.push(piece));
    this.#request.on("end", () => this.#answer());
    this.#request.on("error", () => {
      if (!this.#request.complete) this.#fail(brokenOff());
    });
  }

  send(): void {
    this.#response.end(this.#text);
  }

  giveUp(error: unknown): void {
    this.#parts.log.error({ err: error }, "an answer could not be sent");
    this.#response.destroy();
  }

  #answer(): void {
    try {
      this.body = readStrictBody(joined(this.#pieces));
      const isLetIn = this.#keyGeneration === this.#parts.door.generation;
      const answer = isLetIn ? this.#route.answer(this) : this.#answerAskingAgain();
      if (answer instanceof Promise) {
        this.#exit = this.#exits.atOnce;
        answer.then(this.#succeed).catch(this.#fail);
      } else {
        this.#succeed(answer);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A key was changed while the body came: the one that opened the lane may not open it now. */
  async #answerAskingAgain(): Promise<HotAnswer> {
    this.principal = await this.#parts.door.principalOf(this.#request);
    return this.#route.answer(this);
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
    this.#exit.add(this);
    this.#route.count(status, (performance.now() - this.#beganAtMs) / 1000);
  }
}

/** Most bodies come in one piece, which need not be copied. */
function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
}
