import { createHash } from "node:crypto";
import { canonicalJson } from "@faramesh/protocol";
import type { Tool } from "@modelcontextprotocol/client";
import { GATEWAY_LIMITS } from "../limits.js";

/** What a model is told of a tool: everything that could change what it does with it. */
export type ToolDefinition = Omit<Tool, "_meta" | "icons">;

/** A tool without what no model reads. */
export function definitionOf(tool: Tool): ToolDefinition {
  const { _meta, icons: _icons, ...definition } = tool;
  return definition;
}

/**
 * The SHA-256 of a definition in canonical form (RFC 8785), in hex.
 *
 * @throws CanonicalJsonError where it has none: what two parsers could read differently cannot be pinned.
 */
export function definitionHash(definition: ToolDefinition): string {
  return createHash("sha256").update(canonicalJson(definition, GATEWAY_LIMITS.toolNestingMax)).digest("hex");
}
