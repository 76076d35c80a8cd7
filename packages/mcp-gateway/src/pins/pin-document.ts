import type { ToolDefinition } from "./definition.js";

/** A definition as it was seen, and when. */
export interface SeenDefinition {
  hash: string;
  definition: ToolDefinition;
  /** RFC 3339. */
  seen_at: string;
}

/** What is known of one tool. */
export interface Pin {
  /** What calls are let through for. */
  pinned: SeenDefinition;
  /** What the server says of the tool now, where that is something else: held until somebody accepts it. */
  changed?: SeenDefinition;
}

/** The file: MCP servers by name, their tools by name. */
export interface PinDocument {
  version: 1;
  servers: Record<string, Record<string, Pin>>;
}

/** The file of pins cannot be used; nothing is called without it. */
export class PinFileError extends Error {
  override readonly name = "PinFileError";
  readonly code = "invalid_pins";
}

/** @throws {@link PinFileError} for everything that is not exactly such a document. */
export function readPinDocument(text: string): PinDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PinFileError("the file of pins is not JSON");
  }
  const { version, servers, ...rest } = mapOf(value, "the file of pins");
  if (version !== 1 || Object.keys(rest).length > 0) throw new PinFileError("the file of pins is not of version 1");
  const read: PinDocument = { version: 1, servers: {} };
  for (const [server, tools] of Object.entries(mapOf(servers, "servers"))) {
    const pins = Object.entries(mapOf(tools, `servers.${server}`));
    read.servers[server] = Object.fromEntries(pins.map(([tool, pin]) => [tool, readPin(pin, `${server}.${tool}`)]));
  }
  return read;
}

function readPin(value: unknown, place: string): Pin {
  const { pinned, changed, ...rest } = mapOf(value, place);
  if (Object.keys(rest).length > 0) throw new PinFileError(`${place} has a member that is not known`);
  const read: Pin = { pinned: readSeen(pinned, `${place}.pinned`) };
  return changed === undefined ? read : { ...read, changed: readSeen(changed, `${place}.changed`) };
}

function readSeen(value: unknown, place: string): SeenDefinition {
  const { hash, definition, seen_at, ...rest } = mapOf(value, place);
  const isWhole =
    typeof hash === "string" &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof seen_at === "string" &&
    Object.keys(rest).length === 0;
  if (!isWhole) throw new PinFileError(`${place} is not a definition with its hash and time`);
  return { hash, definition: mapOf(definition, `${place}.definition`) as unknown as ToolDefinition, seen_at };
}

function mapOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new PinFileError(`${place} is not a map`);
}
