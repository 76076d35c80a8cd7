import type { ActionEvent } from "@faramesh/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { GateError } from "../../gate/errors.js";
import { type Beginning, beginningOf, streamEvents } from "../../gate/stream-events.js";
import { callerOf } from "../authenticate.js";
import { callerGone, wholeNumberOf } from "../request-words.js";
import { EVENTS_QUERY, type EventsQuery, textAs } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** How often a quiet stream shows that it is open, and its key is looked at again. */
const KEEP_ALIVE_MS = 15_000;

/** `GET /v1/events`: server-sent events (WHATWG HTML, 9.2), resumable without loss. */
export function eventRoutes(app: FastifyInstance, { gate, door, authenticator, closing }: RouteContext): void {
  app.get<{ Querystring: EventsQuery }>(
    "/v1/events",
    {
      schema: {
        operationId: "streamEvents",
        summary: "Stream events",
        tags: ["events"],
        querystring: EVENTS_QUERY,
        response: { 200: textAs("text/event-stream") },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const { agent_id, tool, status } = request.query;
      const filter = { agentId: agent_id ?? [], tool: tool ?? [], status: status ?? [] };
      const revoked = new AbortController();
      const reader: Reader = { admitted: Promise.resolve() };
      const lookAgain = (): void => {
        reader.admitted = door.principalOf(request).then(
          () => {},
          () => revoked.abort(),
        );
      };
      const signal = AbortSignal.any([callerGone(reply, closing), revoked.signal]);
      const begin = await beginningOf(gate, resumeIndex(request));
      const events = streamEvents(gate, principal, filter, begin.after, signal);
      const forget = authenticator.onKeyChange(lookAgain);
      await send(reply, { events, begin, signal, reader, lookAgain }).finally(forget);
    },
  );
}

/** Where the reader is: `Last-Event-ID` wins, because a browser sends it by itself when it comes back. */
function resumeIndex(request: FastifyRequest<{ Querystring: EventsQuery }>): number | null {
  const last = request.headers["last-event-id"];
  if (last === undefined || last === "")
    return wholeNumberOf("after", request.query.after, -1, Number.MAX_SAFE_INTEGER);
  if (typeof last === "string" && /^(-1|\d{1,15})$/.test(last)) return Number(last);
  throw new GateError("invalid_request", "Last-Event-ID is the id of an event");
}

/** Whoever reads a stream. */
interface Reader {
  /** Settles once it is known whether the reader may go on; by then the stream is aborted if not. */
  admitted: Promise<void>;
}

/** An open stream. */
interface Stream {
  readonly events: AsyncGenerator<ActionEvent>;
  readonly begin: Beginning;
  /** Aborted when it must end. */
  readonly signal: AbortSignal;
  readonly reader: Reader;
  /** Ends it if whoever reads it may not any more. */
  readonly lookAgain: () => void;
}

async function send(reply: FastifyReply, { events, begin, signal, reader, lookAgain }: Stream): Promise<void> {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  const gap = begin.isGap ? `: pruned up to ${begin.after}\n` : "";
  // An id alone moves the reader's Last-Event-ID: a connection lost before its first event resumes here too.
  raw.write(`: faramesh\n${gap}${begin.after < 0 ? "" : `id: ${begin.after}\n`}\n`);
  const keepAlive = setInterval(() => {
    raw.write(": still here\n\n");
    lookAgain();
  }, KEEP_ALIVE_MS);
  try {
    for await (const event of events) {
      await reader.admitted;
      if (signal.aborted) break;
      const written = raw.write(`id: ${event.ledger_index}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      if (!written) await drained(raw, signal);
    }
  } finally {
    clearInterval(keepAlive);
    // A reader that does not read would keep an ended answer open for ever.
    if (raw.writableNeedDrain) raw.destroy();
    else raw.end();
  }
}

/** Waits until a slow reader has taken what was written, has gone, or must go. */
function drained(raw: FastifyReply["raw"], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off("drain", done);
      raw.off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    raw.once("drain", done);
    raw.once("close", done);
    signal.addEventListener("abort", done);
    if (raw.destroyed || signal.aborted) done();
  });
}
