import { parseStrictJson } from "@faramesh/core";
import { LIMITS } from "@faramesh/protocol";
import type { FastifyInstance } from "fastify";
import { GateError } from "../gate/errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bodies are JSON, read strictly: what two parsers could read differently is refused before anything else looks. */
export function readStrictJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: LIMITS.bodyBytesMax },
    (_request, bytes: Buffer, done) => {
      try {
        done(null, bytes.length === 0 ? {} : parseStrictJson(decode(bytes)));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new GateError("invalid_json", "the body is not UTF-8");
  }
}
