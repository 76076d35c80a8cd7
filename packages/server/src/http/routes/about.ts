import type { FastifyInstance } from "fastify";
import { isLoopback } from "../../config.js";
import { readiness } from "../../gate/readiness.js";
import { DOCS_HEADERS, docsPage } from "../docs-page.js";
import { HEALTH, READINESS, textAs } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** What the server says of itself: health, readiness, metrics and the API description. */
export function aboutRoutes(app: FastifyInstance, { gate, door, metrics }: RouteContext): void {
  app.get(
    "/health",
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getHealth",
        summary: "The process lives",
        tags: ["about"],
        security: [],
        response: { 200: HEALTH },
      },
    },
    async () => ({
      status: "ok",
    }),
  );

  app.get(
    "/ready",
    {
      config: { access: "key_or_token" },
      schema: {
        operationId: "getReadiness",
        summary: "The gate can decide",
        tags: ["about"],
        security: [],
        response: { 200: READINESS, 503: READINESS },
      },
    },
    async (request, reply) => {
      const state = await readiness(gate, request.principal);
      reply.code(state.ready ? 200 : 503);
      return state;
    },
  );

  app.get(
    "/metrics",
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getMetrics",
        summary: "Prometheus metrics",
        tags: ["about"],
        response: { 200: textAs("text/plain") },
      },
    },
    async (request, reply) => {
      if (!isLoopback(request.ip)) await door.principalOf(request);
      reply.type(metrics.contentType);
      return metrics.text();
    },
  );

  app.get("/openapi.json", { config: { access: "anyone" }, schema: { hide: true } }, async () => app.swagger());

  app.get("/docs", { config: { access: "anyone" }, schema: { hide: true } }, async (_request, reply) => {
    reply.headers(DOCS_HEADERS);
    return docsPage(app.swagger());
  });
}
