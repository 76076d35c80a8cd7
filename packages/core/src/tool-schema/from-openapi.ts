import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { isJsonObject } from "./json-object.js";
import type { ReadToolSchemas, ToolSchema } from "./tool-schema.js";

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

/**
 * The operations of an OpenAPI 3 document: one tool, each operation under its `operationId`, or `get /path` where it has
 * none. Its params are the parameters by name, and the members of a JSON body beside them.
 */
export function toolsOfOpenApi(document: JsonObject, named: string | undefined): ReadToolSchemas {
  const { info, paths } = document;
  const title = isJsonObject(info) && typeof info["title"] === "string" ? info["title"] : "";
  const tool = named ?? title;
  if (tool === "") return { tools: [], faults: ["the document has no title: say what the tool is called"] };
  if (!isJsonObject(paths)) return { tools: [], faults: ["the document has no paths"] };
  const tools = Object.entries(paths).flatMap(([path, item]) => operationsOf(document, tool, path, item));
  return { tools, faults: tools.length === 0 ? ["the document has no operations"] : [] };
}

function operationsOf(document: JsonObject, tool: string, path: string, item: JsonValue | undefined): ToolSchema[] {
  if (!isJsonObject(item)) return [];
  return METHODS.flatMap((method) => {
    const operation = item[method];
    if (!isJsonObject(operation)) return [];
    const id = operation["operationId"];
    const name = typeof id === "string" && id !== "" ? id : `${method} ${path}`;
    return { tool, operation: name, schema: paramsOf(document, item, operation) };
  });
}

function paramsOf(document: JsonObject, item: JsonObject, operation: JsonObject): JsonObject {
  const properties: JsonObject = {};
  const required: string[] = [];
  const listed = [item["parameters"], operation["parameters"]].flatMap((list) => (Array.isArray(list) ? list : []));
  for (const given of listed) {
    const parameter = resolved(document, given);
    const name = parameter?.["name"];
    if (parameter === null || typeof name !== "string") continue;
    properties[name] = isJsonObject(parameter["schema"]) ? parameter["schema"] : {};
    if (parameter["required"] === true) required.push(name);
  }
  const body = bodyOf(document, operation);
  const members = body?.["properties"];
  if (isJsonObject(members)) Object.assign(properties, members);
  const needed = body?.["required"];
  if (Array.isArray(needed)) required.push(...needed.filter((name) => typeof name === "string"));
  const isClosed = body === null || body["additionalProperties"] === false;
  const schema = { type: "object", properties, required, ...(isClosed && { additionalProperties: false }) };
  return { ...schema, components: componentsOf(document, schema) };
}

/** What a schema refers to, and what that refers to. */
function componentsOf(document: JsonObject, schema: JsonObject): JsonObject {
  const components: Record<string, JsonObject> = {};
  const waiting: (JsonValue | undefined)[] = [schema];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (Array.isArray(value)) waiting.push(...value);
    if (!isJsonObject(value)) continue;
    waiting.push(...Object.values(value).filter((part) => typeof part === "object"));
    const [, kind = "", name = ""] =
      /^#\/components\/(\w+)\/([\w.-]+)$/.exec(typeof value["$ref"] === "string" ? value["$ref"] : "") ?? [];
    const target = name === "" ? null : localTarget(document, `#/components/${kind}/${name}`);
    if (target === null || components[kind]?.[name] !== undefined) continue;
    components[kind] = { ...components[kind], [name]: target };
    waiting.push(target);
  }
  return components;
}

function bodyOf(document: JsonObject, operation: JsonObject): JsonObject | null {
  const body = resolved(document, operation["requestBody"]);
  const content = body?.["content"];
  const json = isJsonObject(content) ? content["application/json"] : undefined;
  return isJsonObject(json) ? resolved(document, json["schema"]) : null;
}

function resolved(document: JsonObject, value: JsonValue | undefined): JsonObject | null {
  if (!isJsonObject(value)) return null;
  const { $ref } = value;
  if (typeof $ref !== "string") return value;
  return localTarget(document, $ref);
}

/** What a reference within a document leads to: `#/components/schemas/A`. */
export function localTarget(document: JsonObject, reference: string): JsonObject | null {
  if (!reference.startsWith("#/")) return null;
  let found: JsonValue | undefined = document;
  for (const step of reference.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return isJsonObject(found) ? found : null;
}
