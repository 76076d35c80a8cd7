import { parseStrictJson } from "@faramesh/core";
import { type JsonValue, LIMITS } from "@faramesh/protocol";
import type { FastifyInstance, preValidationHookHandler } from "fastify";
import { GateError } from "../gate/errors.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The most JSON values a body may hold, where it is not `LIMITS.nodesMax`. */
    bodyNodesMax?: number;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bodies are JSON, read strictly: what two parsers could read differently is refused before anything else looks. */
export function readStrictJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes: Buffer, done) => {
    try {
      // Each value takes two characters at the least, so most bodies are too short for the bound to matter.
      const isLong = bytes.length > 2 * LIMITS.nodesMax;
      const bodyNodesMax = isLong ? request.routeOptions.config.bodyNodesMax : undefined;
      done(null, bytes.length === 0 ? {} : readStrictBody(bytes, bodyNodesMax));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}

/**
 * Reads a body's bytes as JSON, strictly.
 *
 * @throws GateError `invalid_json` where they are not UTF-8.
 * @throws StrictJsonError
 */
export function readStrictBody(bytes: Buffer, nodesMax?: number): JsonValue {
  return parseStrictJson(decode(bytes), nodesMax);
}

/** For steps that need no body: one that was left out says nothing beyond the path, as an empty object does. */
export const bodyMayBeLeftOut: preValidationHookHandler = (request, _reply, next) => {
  request.body ??= {};
  next();
};

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new GateError("invalid_json", "the body is not UTF-8");
  }
}
