import { parseStrictJson } from "@faramesh/core";
import type { FastifyInstance } from "fastify";
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
    const { bodyNodesMax } = request.routeOptions.config;
    try {
      done(null, bytes.length === 0 ? {} : parseStrictJson(decode(bytes), bodyNodesMax));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
  // A step without a body says nothing beyond its path, which is what an empty object says.
  app.addHook("preValidation", (request, _reply, next) => {
    if (request.method === "POST" && request.body === undefined) request.body = {};
    next();
  });
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new GateError("invalid_json", "the body is not UTF-8");
  }
}
