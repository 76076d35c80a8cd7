import type { IncomingHttpHeaders } from "node:http";
import { LIMITS } from "@faramesh/protocol";
import type { FastifyReply } from "fastify";
import { GateError } from "../gate/errors.js";

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * The request's `Idempotency-Key`, or null.
 *
 * @throws GateError `invalid_request` when it is not 1–255 visible ASCII characters.
 */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || key.length > LIMITS.idempotencyKeyCharsMax || !VISIBLE_ASCII.test(key)) {
    const message = `Idempotency-Key is 1 to ${LIMITS.idempotencyKeyCharsMax} visible ASCII characters`;
    throw new GateError("invalid_request", message, {
      faults: [{ path: "Idempotency-Key", code: "pattern", message }],
    });
  }
  return key;
}

/** Milliseconds to wait: `30` and `30s` are seconds; never more than the bound. */
export function waitMsOf(wait: string | undefined): number {
  if (wait === undefined) return 0;
  const ms = wait.endsWith("ms") ? Number.parseInt(wait, 10) : Number.parseInt(wait, 10) * 1000;
  return Math.min(ms, LIMITS.waitSecondsMax * 1000);
}

/**
 * A time in a query, as milliseconds since the epoch, or null.
 *
 * @throws GateError `invalid_request` when it is not RFC 3339.
 */
export function timeMsOf(name: string, time: string | undefined): number | null {
  if (time === undefined) return null;
  const date = RFC_3339.exec(time)?.[1];
  const ms = date !== undefined && isRealDay(date) ? Date.parse(time) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw refusedQuery(name, `${name} is an RFC 3339 time such as 2026-01-31T09:30:00Z`);
}

/**
 * A whole number in a query, in plain digits, or null.
 *
 * @throws GateError `invalid_request` when it is not one from `least` to `most`.
 */
export function wholeNumberOf(name: string, text: string | undefined, least: number, most: number): number | null {
  if (text === undefined) return null;
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw refusedQuery(name, `${name} is a whole number from ${least} to ${most}`);
}

function refusedQuery(name: string, message: string): GateError {
  return new GateError("invalid_request", message, { faults: [{ path: `$.${name}`, code: "format", message }] });
}

/** Whether a date is in the calendar: `Date.parse` takes the 31st of February for the 3rd of March. */
function isRealDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

/** A signal that is aborted when the caller is gone, or has closed its side, or the server is closing. */
export function callerGone(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  const { socket } = reply.request.raw;
  socket.once("end", leave);
  reply.raw.once("close", () => {
    socket.off("end", leave);
    leave();
  });
  if (socket.readableEnded) leave();
  return AbortSignal.any([gone.signal, closing]);
}
