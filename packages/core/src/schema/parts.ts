import type { JsonObject } from "@faramesh/protocol";

/** Parts that schemas are made of. */
export const text: JsonObject = { type: "string", minLength: 1 };

export function described(description: string, schema: JsonObject): JsonObject {
  return { description, ...schema };
}

/** One, or a list of them. */
export function oneOrMore(item: JsonObject): JsonObject {
  return { anyOf: [item, { type: "array", minItems: 1, items: item }] };
}

export function listOf(items: JsonObject): JsonObject {
  return { type: "array", items };
}

/** A map of these keys and no others. */
export function closed(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return {
    type: "object",
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required: [...required] }),
  };
}

export function ref(name: string): JsonObject {
  return { $ref: `#/definitions/${name}` };
}
