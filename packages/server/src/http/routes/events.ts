import type { ActionEvent } from "@faramesh/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { GateError } from "../../gate/errors.js";
import { streamEvents } from "../../gate/stream-events.js";
import { callerGone } from "../request-words.js";
import { EVENTS_QUERY, type EventsQuery } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

const KEEP_ALIVE_MS = 15_000;

/** `GET /v1/events`: server-sent events (WHATWG HTML, 9.2), resumable without loss. */
export function eventRoutes(app: FastifyInstance, { gate, door, closing }: RouteContext): void {
  app.get<{ Querystring: EventsQuery }>(
    "/v1/events",
    { schema: { summary: "Stream events", tags: ["events"], querystring: EVENTS_QUERY } },
    async (request, reply) => {
      const principal = await door.principalOf(request);
      const { agent_id, tool, status } = request.query;
      const filter = { agentId: agent_id ?? [], tool: tool ?? [], status: status ?? [] };
      const events = streamEvents(gate, principal, filter, resumeIndex(request), callerGone(reply, closing));
      await send(reply, events);
    },
  );
}

/** Where the reader is: `Last-Event-ID` wins, because a browser sends it by itself when it comes back. */
function resumeIndex(request: FastifyRequest<{ Querystring: EventsQuery }>): number | null {
  const last = request.headers["last-event-id"];
  if (last === undefined || last === "") return request.query.after ?? null;
  if (typeof last === "string" && /^\d{1,15}$/.test(last)) return Number(last);
  throw new GateError("invalid_request", "Last-Event-ID is the id of an event");
}

async function send(reply: FastifyReply, events: AsyncGenerator<ActionEvent>): Promise<void> {
  const { raw } = reply;
  // Asked for before the answer begins: what "from now on" means is settled when the caller sees the stream open.
  const first = events.next();
  reply.hijack();
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  raw.write(": faramesh\n\n");
  const keepAlive = setInterval(() => raw.write(": still here\n\n"), KEEP_ALIVE_MS);
  try {
    for (let next = await first; next.done !== true; next = await events.next()) {
      const { value } = next;
      const written = raw.write(`id: ${value.ledger_index}\nevent: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
      if (!written && !raw.destroyed) await drained(raw);
    }
  } finally {
    clearInterval(keepAlive);
    raw.end();
  }
}

/** Waits until a slow reader has taken what was written, or has gone. */
function drained(raw: FastifyReply["raw"]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off("drain", done);
      raw.off("close", done);
      resolve();
    };
    raw.once("drain", done);
    raw.once("close", done);
  });
}
