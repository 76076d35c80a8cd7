import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { parseStrictJson } from "../action/strict-json.js";
import { StrictJsonError } from "../action/strict-json-parser.js";
import { toolsOfOpenApi } from "./from-openapi.js";
import { isJsonObject } from "./json-object.js";
import { type ReadToolSchemas, TOOLS_MAX, type ToolSchema } from "./tool-schema.js";

/**
 * Reads what describes tools, as JSON: the answer to `tools/list` of an MCP server, an OpenAPI 3 document, or a list of
 * `{tool, operation?, schema}`.
 *
 * @param tool - What the tool is called that an OpenAPI document describes; without it, by the document's title.
 */
export function readToolSchemas(source: string, tool?: string): ReadToolSchemas {
  let value: JsonValue;
  try {
    value = parseStrictJson(source);
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return { tools: [], faults: [`it is not JSON: ${error.message}`] };
  }
  const read = readValue(value, tool);
  if (read.tools.length <= TOOLS_MAX) return read;
  return { tools: [], faults: [`it describes more than ${TOOLS_MAX} tools`] };
}

function readValue(value: JsonValue, tool: string | undefined): ReadToolSchemas {
  if (Array.isArray(value)) return readList(value);
  if (!isJsonObject(value)) return { tools: [], faults: ["it is neither a list nor a map"] };
  if (typeof value["openapi"] === "string") return toolsOfOpenApi(value, tool);
  const answer = isJsonObject(value["result"]) ? value["result"] : value;
  if (Array.isArray(answer["tools"])) return readMcpTools(answer["tools"]);
  return { tools: [], faults: ["it is no answer to tools/list, no OpenAPI document, and no list of schemas"] };
}

function readList(items: readonly JsonValue[]): ReadToolSchemas {
  return gathered(items, (item, place) => {
    if (!isJsonObject(item)) return `[${place}] is not a map`;
    const { tool, operation = null, schema } = item;
    if (typeof tool !== "string" || tool === "") return `[${place}] has no tool`;
    if (operation !== null && typeof operation !== "string") return `[${place}].operation is not a text`;
    return isJsonObject(schema) ? { tool, operation, schema } : `[${place}] has no schema`;
  });
}

/** A tool of an MCP server is a tool here, whatever the operation is called. */
function readMcpTools(items: readonly JsonValue[]): ReadToolSchemas {
  return gathered(items, (item, place) => {
    if (!isJsonObject(item) || typeof item["name"] !== "string") return `tools[${place}] has no name`;
    const schema = item["inputSchema"];
    if (!isJsonObject(schema)) return `tools[${place}] has no inputSchema`;
    return { tool: item["name"], operation: null, schema };
  });
}

function gathered(
  items: readonly JsonValue[],
  read: (item: JsonValue, place: number) => ToolSchema | string,
): ReadToolSchemas {
  const each = items.map(read);
  return {
    tools: each.filter((one) => typeof one !== "string"),
    faults: each.filter((one) => typeof one === "string"),
  };
}

/** Finds the schema for a tool and an operation; the one for the operation comes before the one for all. */
export function schemaFor(tools: readonly ToolSchema[], tool: string, operation: string | null): JsonObject | null {
  const ofTool = tools.filter((each) => each.tool === tool);
  const exact = ofTool.find((each) => each.operation === operation);
  return (exact ?? ofTool.find((each) => each.operation === null))?.schema ?? null;
}
