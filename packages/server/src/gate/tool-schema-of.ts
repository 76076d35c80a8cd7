import type { ToolSchema } from "@faramesh/core";
import type { JsonObject } from "@faramesh/protocol";
import type { ToolSchemaRow } from "../store/store.js";

/** A stored schema, as rules and actions are held against it. */
export function toolSchemaOf({ tool, operation, schema }: ToolSchemaRow): ToolSchema {
  return { tool, operation: operation === "" ? null : operation, schema: JSON.parse(schema ?? "{}") as JsonObject };
}
