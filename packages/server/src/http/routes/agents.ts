import type { FastifyInstance } from "fastify";
import { disableAgent, enableAgent, listAgents } from "../../gate/agents.js";
import { callerOf } from "../authenticate.js";
import { bodyMayBeLeftOut } from "../json-body.js";
import { AGENT, AGENT_PARAMS, type AgentParams, listOf, REASON, type Reason } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

/** `/v1/agents`: who has been seen, and the kill switch. */
export function agentRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.get(
    "/v1/agents",
    {
      schema: { operationId: "listAgents", summary: "List agents", tags: ["agents"], response: { 200: listOf(AGENT) } },
    },
    async (request) => listAgents(gate, callerOf(request)),
  );

  app.post<{ Params: AgentParams; Body: Reason }>(
    "/v1/agents/:agent_id/disable",
    {
      preValidation: bodyMayBeLeftOut,
      schema: {
        operationId: "disableAgent",
        summary: "Stop an agent",
        tags: ["agents"],
        params: AGENT_PARAMS,
        body: REASON,
        response: { 200: AGENT },
      },
    },
    async (request) => {
      const principal = callerOf(request);
      return disableAgent(gate, principal, request.params.agent_id, request.body.reason ?? null);
    },
  );

  app.post<{ Params: AgentParams }>(
    "/v1/agents/:agent_id/enable",
    {
      schema: {
        operationId: "enableAgent",
        summary: "Let an agent go on",
        tags: ["agents"],
        params: AGENT_PARAMS,
        response: { 200: AGENT },
      },
    },
    async (request) => enableAgent(gate, callerOf(request), request.params.agent_id),
  );
}
