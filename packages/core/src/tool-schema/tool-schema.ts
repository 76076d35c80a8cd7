import type { JsonObject } from "@faramesh/protocol";

/** What the params of a tool look like. */
export interface ToolSchema {
  readonly tool: string;
  /** The operation it is for; null for every one. */
  readonly operation: string | null;
  /** A JSON Schema of `params`. */
  readonly schema: JsonObject;
}

/** Schemas that were read, and what is wrong with those that could not be. */
export interface ReadToolSchemas {
  readonly tools: readonly ToolSchema[];
  readonly faults: readonly string[];
}

/** Tools that one file may describe. */
export const TOOLS_MAX = 5_000;
