import type { FastifyInstance } from "fastify";
import { isLoopback } from "../../config.js";
import { readiness } from "../../gate/readiness.js";
import { DOCS_HEADERS, docsPage } from "../docs-page.js";
import type { RouteContext } from "./route-context.js";

/** What the server says of itself: health, readiness, metrics and the API description. */
export function aboutRoutes(app: FastifyInstance, { gate, door, metrics }: RouteContext): void {
  app.get(
    "/health",
    { config: { access: "anyone" }, schema: { summary: "The process lives", tags: ["about"], security: [] } },
    async () => ({
      status: "ok",
    }),
  );

  app.get(
    "/ready",
    { config: { access: "key_or_token" }, schema: { summary: "The gate can decide", tags: ["about"], security: [] } },
    async (request, reply) => {
      const state = await readiness(gate, request.principal);
      reply.code(state.ready ? 200 : 503);
      return state;
    },
  );

  app.get(
    "/metrics",
    { config: { access: "anyone" }, schema: { summary: "Prometheus metrics", tags: ["about"] } },
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
