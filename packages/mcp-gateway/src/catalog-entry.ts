import type { Tool } from "@modelcontextprotocol/client";
import type { Pin } from "./pins/pin-document.js";
import type { Upstream } from "./upstream.js";

/** A tool as a client may call it. */
export interface CatalogEntry {
  readonly upstream: Upstream;
  /** As the MCP server defines it. */
  readonly tool: Tool;
  /** What the client calls it. */
  readonly name: string;
  /** What the gate calls it. */
  readonly gateTool: string;
  /** Set where the definition is not the pinned one: such a tool is not called. */
  readonly pin: Pin | null;
}

/** Whether a tool must not be called because it is not what was pinned. */
export function isHeld({ pin }: CatalogEntry): boolean {
  return pin?.changed !== undefined;
}

/** The definition that a client is shown: of a held tool only what was pinned, and that it is held. */
export function shown(entry: CatalogEntry): Tool {
  const { pin, name, tool } = entry;
  if (pin === null || !isHeld(entry)) return { ...tool, name };
  const description =
    "Held: the definition of this tool has changed since it was pinned, so calls are refused until an operator accepts it.";
  return { name, description, inputSchema: pin.pinned.definition.inputSchema };
}
