import { readToolSchemas, type ToolSchema } from "@faramesh/core";
import type { JsonObject } from "@faramesh/protocol";
import type { FastifyInstance } from "fastify";
import { type Static, Type } from "typebox";
import { GateError } from "../../gate/errors.js";
import { listTools, registerTools, removeTool } from "../../gate/tools.js";
import { callerOf } from "../authenticate.js";
import { ACTOR, listOf, name, nullable } from "../schemas.js";
import type { RouteContext } from "./route-context.js";

const TOOLS_BODY_BYTES_MAX = 4 * 1_048_576;
const TOOLS_EACH_TIME_MAX = 500;

const closed = { additionalProperties: false } as const;
const schema = Type.Unsafe<JsonObject>({
  type: "object",
  additionalProperties: true,
  description: "a JSON Schema of params",
});

const REGISTRATION = Type.Object(
  {
    tools: Type.Optional(
      Type.Array(Type.Object({ tool: name, operation: Type.Optional(name), schema }, closed), {
        maxItems: TOOLS_EACH_TIME_MAX,
      }),
    ),
    document: Type.Optional(
      Type.String({
        maxLength: 2_097_152,
        description: "an answer to tools/list of an MCP server, or an OpenAPI document",
      }),
    ),
    tool: Type.Optional({ ...name, description: "what the tool is called that an OpenAPI document describes" }),
  },
  { ...closed, title: "ToolRegistration" },
);
const TOOL_PARAMS = Type.Object({ tool: name });
const OPERATION = Type.Object({ operation: Type.Optional(name) }, closed);
const TOOL = Type.Object(
  { tool: Type.String(), operation: nullable("string"), schema, registered_at: Type.String(), registered_by: ACTOR },
  { title: "RegisteredTool" },
);

/** `/v1/tools`: what the params of tools look like. */
export function toolRoutes(app: FastifyInstance, { gate }: RouteContext): void {
  app.get(
    "/v1/tools",
    {
      schema: {
        operationId: "listTools",
        summary: "List what is known of tools",
        tags: ["tools"],
        response: { 200: listOf(TOOL) },
      },
    },
    async (request) => listTools(gate, callerOf(request)),
  );

  app.post<{ Body: Static<typeof REGISTRATION> }>(
    "/v1/tools",
    {
      bodyLimit: TOOLS_BODY_BYTES_MAX,
      schema: {
        operationId: "registerTools",
        summary: "Say what the params of tools look like",
        tags: ["tools"],
        body: REGISTRATION,
        response: { 200: listOf(TOOL) },
      },
    },
    async (request) => registerTools(gate, callerOf(request), toolsIn(request.body)),
  );

  app.delete<{ Params: Static<typeof TOOL_PARAMS>; Querystring: Static<typeof OPERATION> }>(
    "/v1/tools/:tool",
    {
      schema: {
        operationId: "forgetTool",
        summary: "Forget what the params of a tool look like",
        tags: ["tools"],
        params: TOOL_PARAMS,
        querystring: OPERATION,
        response: { 200: TOOL },
      },
    },
    async (request) => removeTool(gate, callerOf(request), request.params.tool, request.query.operation ?? null),
  );
}

function toolsIn({ tools = [], document, tool }: Static<typeof REGISTRATION>): ToolSchema[] {
  const listed = tools.map((each) => ({ ...each, operation: each.operation ?? null }));
  const read = document === undefined ? { tools: [], faults: [] } : readToolSchemas(document, tool);
  const faults = read.faults.map((message) => ({ path: "$.document", code: "unreadable", message }));
  if (faults.length > 0) throw new GateError("invalid_request", "the document does not describe tools", { faults });
  const all = [...listed, ...read.tools];
  if (all.length > 0 && all.length <= TOOLS_EACH_TIME_MAX) return all;
  throw new GateError("invalid_request", `name 1 to ${TOOLS_EACH_TIME_MAX} tools at a time`);
}
