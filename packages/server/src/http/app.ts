import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { LIMITS } from "@faramesh/protocol";
import { Ajv } from "ajv";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Authenticator } from "../gate/authenticate.js";
import { GateError } from "../gate/errors.js";
import type { Gate } from "../gate/gate.js";
import { describeApi } from "./api-description.js";
import { askAgain, askForKey, assertFromThisMachine, type Door } from "./authenticate.js";
import { ExpressLane } from "./express-lane.js";
import { GateServer } from "./gate-server.js";
import { readStrictJsonBodies } from "./json-body.js";
import { createMetrics, type Metrics } from "./metrics.js";
import { brokenOff, type Log, problemOf, sendProblem } from "./problem.js";
import { aboutRoutes } from "./routes/about.js";
import { actionRoutes } from "./routes/actions.js";
import { agentRoutes } from "./routes/agents.js";
import { apiKeyRoutes } from "./routes/api-keys.js";
import { eventRoutes } from "./routes/events.js";
import { gateRoutes } from "./routes/gate.js";
import { policyRoutes } from "./routes/policies.js";
import { pruneRoutes } from "./routes/prune.js";
import { toolRoutes } from "./routes/tools.js";
import { ACTION_REQUEST } from "./schemas.js";

/** How long a closing server waits for requests that are being sent, before it drops their connections. */
const DRAIN_MS = 2_000;

/** What the HTTP side is built from. */
export interface AppParts {
  readonly gate: Gate;
  readonly authenticator: Authenticator;
  readonly door: Door;
  /** The gate runs without keys, so it must only answer what comes from this machine. */
  readonly withoutKeys: boolean;
  readonly log: Log;
}

/** The HTTP side of a gate: it reads requests, calls one use case each, and tells what came of it. */
export interface App {
  readonly fastify: FastifyInstance;
  readonly metrics: Metrics;
  /** Answers held requests, ends streams, then closes. */
  close(): Promise<void>;
}

export async function createApp(parts: AppParts): Promise<App> {
  const { gate, authenticator, door } = parts;
  const metrics = createMetrics(() => gate.announcer.waiting);
  const closing = new AbortController();
  const newRequestId = requestIds();
  const lane = new ExpressLane({ door, metrics, log: parts.log, closing: closing.signal, newRequestId });
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytesMax,
    requestIdHeader: false,
    genReqId: newRequestId,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    serverFactory: (handle) =>
      new GateServer((request, response) => {
        if (parts.withoutKeys || !lane.take(request, response)) handle(request, response);
      }),
    frameworkErrors: (_error, request, reply) => {
      sendProblem(new GateError("invalid_request", "the path is not understood"), request, reply, parts.log);
    },
    clientErrorHandler: (_error, socket) => refuseConnection(socket),
    routerOptions: { maxParamLength: LIMITS.nameCharsMax * 9 },
  });
  readStrictJsonBodies(app);
  validateClosed(app);
  answerEverything(app, door, metrics, parts.log);
  if (parts.withoutKeys) app.addHook("onRequest", async (request) => assertFromThisMachine(request));
  await describeApi(app, gate.settings.runtimeVersion);

  const context = { gate, door, authenticator, metrics, lane, closing: closing.signal };
  actionRoutes(app, context);
  gateRoutes(app, context);
  eventRoutes(app, context);
  apiKeyRoutes(app, context);
  agentRoutes(app, context);
  policyRoutes(app, context);
  toolRoutes(app, context);
  pruneRoutes(app, context, parts.log);
  aboutRoutes(app, context);
  return {
    fastify: app,
    metrics,
    async close() {
      closing.abort();
      const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await app.close();
      clearTimeout(impatience);
    },
  };
}

/** Answers what is not HTTP, or has headers over the bound, as a problem document, and hangs up. */
function refuseConnection(socket: Socket): void {
  if (!socket.writable) return;
  const detail = "the request is not HTTP that is understood, or its headers are too large";
  const body = JSON.stringify(problemOf({ code: "invalid_request", detail }, "none"));
  const head = [
    "HTTP/1.1 400 Bad Request",
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Ids that tell requests of this process apart: cheap, because every request has one and few are ever looked up. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}

/** Schemas validate and never alter: nothing is dropped, filled in or coerced, but for the text of a query. */
function validateClosed(app: FastifyInstance): void {
  const options = { removeAdditional: false, useDefaults: false, allErrors: false, strict: false } as const;
  const bodies = new Ajv({ ...options, coerceTypes: false });
  const queries = new Ajv({ ...options, coerceTypes: "array" });
  app.setValidatorCompiler(({ schema, httpPart }) => {
    if (schema === ACTION_REQUEST) return () => true;
    return (httpPart === "body" ? bodies : queries).compile(schema as object);
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

declare module "fastify" {
  interface FastifyRequest {
    /** When the request came, on the clock of `performance.now()`. */
    beganAtMs: number;
  }
}

/**
 * Whatever happens is answered: what a browser may open with headers that bind it, and errors as problem documents. What a route
 * needs of this is bound to it when it is made, so that nothing about routes is looked up while requests come.
 */
function answerEverything(app: FastifyInstance, door: Door, metrics: Metrics, log: Log): void {
  app.decorateRequest("beganAtMs", 0);
  app.decorateRequest("principal", null);
  app.decorateRequest("keyGeneration", 0);
  app.addHook("onRoute", (route) => {
    const count = metrics.counterFor(String(route.method), route.url);
    const access = route.config?.access ?? "key";
    route.onRequest = [route.method === "GET" ? beginGet : begin, askForKey(door, access)];
    route.preValidation = [askAgain(door, access), route.preValidation ?? []].flat();
    route.onSend = (request, reply, payload, next) => {
      count(reply.statusCode, (performance.now() - request.beganAtMs) / 1000);
      next(null, payload);
    };
  });
  app.setErrorHandler((error, request, reply) => {
    const fault = error === request.raw.errored ? brokenOff() : error;
    return sendProblem(fault, request, reply, log);
  });
  app.setNotFoundHandler((request, reply) => {
    begin(request, reply, () => {});
    return sendProblem(new GateError("not_found", "there is nothing here"), request, reply, log);
  });
}

function begin(request: FastifyRequest, _reply: FastifyReply, next: () => void): void {
  request.beganAtMs = performance.now();
  next();
}

/** What a browser may open: it must not keep the answer, nor take it for anything but what it says it is. */
function beginGet(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
  reply.header("cache-control", "no-store");
  reply.header("x-content-type-options", "nosniff");
  begin(request, reply, next);
}
