import { readActionRequest } from "@faramesh/core";
import type { FastifyInstance } from "fastify";
import { type ConsumedPermit, consumePermit } from "../../gate/consume-permit.js";
import { decideOnly } from "../../gate/decide-only.js";
import { callerOf } from "../authenticate.js";
import { openHotRoute } from "../hot-route.js";
import {
  ACTION_REQUEST,
  CONSUME,
  CONSUMED_PERMIT,
  type Consume,
  DECISION,
  EXPLAIN_QUERY,
  PERMIT_KEYS,
} from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** `/v1/gate/decide`, `/v1/permits/consume` and the keys that permits verify with. */
export function gateRoutes(app: FastifyInstance, { gate, lane, closing }: RouteContext): void {
  openHotRoute(app, lane, closing, {
    url: "/v1/gate/decide",
    schema: {
      operationId: "gateDecide",
      summary: "Decide only: nothing stored, nothing granted",
      tags: ["gate"],
      body: ACTION_REQUEST,
      querystring: EXPLAIN_QUERY,
      response: { 200: DECISION },
    },
    answer({ principal, body, query }) {
      const explain = query["explain"] === "true" || query["explain"] === "1";
      return { status: 200, body: decideOnly(gate, principal, readActionRequest(body), explain) };
    },
  });

  app.post<{ Body: Consume }>(
    "/v1/permits/consume",
    {
      schema: {
        operationId: "consumePermit",
        summary: "Use a permit up, once",
        tags: ["gate"],
        body: CONSUME,
        response: { 200: CONSUMED_PERMIT },
      },
    },
    async (request): Promise<ConsumedPermit> => consumePermit(gate, callerOf(request), request.body.permit),
  );

  app.get(
    "/.well-known/jwks.json",
    {
      config: { access: "anyone" },
      schema: {
        operationId: "getPermitKeys",
        summary: "The keys that permits verify with (RFC 7517)",
        tags: ["gate"],
        security: [],
        response: { 200: PERMIT_KEYS },
      },
    },
    async (_request, reply) => {
      reply.header("cache-control", "public, max-age=300");
      return gate.keyring.publicKeys();
    },
  );
}
