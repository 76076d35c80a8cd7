import type { FastifyInstance } from "fastify";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from "../../gate/api-keys.js";
import { callerOf } from "../authenticate.js";
import {
  API_KEY,
  CREATED_API_KEY,
  ID_PARAMS,
  type IdParams,
  listOf,
  NEW_KEY,
  type NewKey,
  PRINCIPAL,
} from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** `/v1/api-keys` and `/v1/whoami`. */
export function apiKeyRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.post<{ Body: NewKey }>(
    "/v1/api-keys",
    {
      schema: {
        operationId: "createApiKey",
        summary: "Create a key",
        tags: ["keys"],
        body: NEW_KEY,
        response: { 201: CREATED_API_KEY },
      },
    },
    async (request, reply) => {
      const principal = callerOf(request);
      const { name, role, agents } = request.body;
      reply.code(201);
      return createApiKey(gate, principal, { name, role, agents: agents ?? [] });
    },
  );

  app.get(
    "/v1/api-keys",
    {
      schema: { operationId: "listApiKeys", summary: "List keys", tags: ["keys"], response: { 200: listOf(API_KEY) } },
    },
    async (request) => listApiKeys(gate, callerOf(request)),
  );

  app.post<{ Params: IdParams }>(
    "/v1/api-keys/:id/rotate",
    {
      schema: {
        operationId: "rotateApiKey",
        summary: "Rotate a key",
        tags: ["keys"],
        params: ID_PARAMS,
        response: { 200: CREATED_API_KEY },
      },
    },
    async (request) => {
      const rotated = await rotateApiKey(gate, callerOf(request), request.params.id);
      return rotated;
    },
  );

  app.delete<{ Params: IdParams }>(
    "/v1/api-keys/:id",
    {
      schema: {
        operationId: "revokeApiKey",
        summary: "Revoke a key",
        tags: ["keys"],
        params: ID_PARAMS,
        response: { 200: API_KEY },
      },
    },
    async (request) => {
      const revoked = await revokeApiKey(gate, callerOf(request), request.params.id);
      return revoked;
    },
  );

  app.get(
    "/v1/whoami",
    { schema: { operationId: "whoami", summary: "Who this key is", tags: ["keys"], response: { 200: PRINCIPAL } } },
    async (request) => {
      const { id, name, role, agents } = callerOf(request);
      return { id, name, role, agents };
    },
  );
}
