import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifySchema } from "fastify";
import type { Principal } from "../gate/principal.js";
import { callerOf } from "./authenticate.js";
import { callerGone } from "./request-words.js";

/** What a hot route is asked: the same, whichever way the request came in. */
export interface Ask {
  readonly principal: Principal;
  /** Parsed, not yet read as anything. */
  readonly body: unknown;
  /** Validated; empty for a request without one. */
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: IncomingHttpHeaders;
  /** A signal that is aborted when the caller is gone or the server is closing. */
  gone(): AbortSignal;
}

/** What it answers: a status, a body that becomes JSON, and headers beyond its type and length. */
export interface HotAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A `POST` that agents wait for at every tool call. It reads its body itself, so no schema is compiled for it. */
export interface HotRoute {
  readonly url: string;
  readonly schema: FastifySchema;
  answer(ask: Ask): HotAnswer | Promise<HotAnswer>;
}

/** A second way in. */
export interface Lane {
  open(route: HotRoute): void;
}

/** Opens a hot route both ways: to the framework, which takes every request, and to the lane for the ordinary ones. */
export function openHotRoute(app: FastifyInstance, lane: Lane, closing: AbortSignal, route: HotRoute): void {
  lane.open(route);
  app.post(route.url, { schema: route.schema }, async (request, reply) => {
    const { status, headers, body } = await route.answer({
      principal: callerOf(request),
      body: request.body,
      query: request.query as Ask["query"],
      headers: request.headers,
      gone: () => callerGone(reply, closing),
    });
    reply.code(status).headers(headers ?? {});
    return body;
  });
}
