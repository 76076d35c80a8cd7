const DEPTH_MAX = 8;

/** The least arguments that a JSON Schema asks for, as far as it can be read. */
export function sampleParams(schema: object): Record<string, unknown> {
  const sample = sampleOf(schema, DEPTH_MAX);
  return typeof sample === "object" && sample !== null && !Array.isArray(sample)
    ? (sample as Record<string, unknown>)
    : {};
}

function sampleOf(schema: unknown, depth: number): unknown {
  if (typeof schema !== "object" || schema === null || depth === 0) return {};
  const { const: only, enum: choices, type, minimum, minLength } = schema as Record<string, unknown>;
  if (only !== undefined) return only;
  if (Array.isArray(choices) && choices.length > 0) return choices[0] as unknown;
  switch (Array.isArray(type) ? (type[0] as unknown) : type) {
    case "string":
      return "x".repeat(typeof minLength === "number" && minLength > 0 && minLength <= 100 ? minLength : 0);
    case "number":
    case "integer":
      return typeof minimum === "number" ? minimum : 0;
    case "boolean":
      return false;
    case "array":
      return [];
    case "null":
      return null;
    default:
      return requiredOf(schema as Record<string, unknown>, depth);
  }
}

function requiredOf({ required, properties }: Record<string, unknown>, depth: number): Record<string, unknown> {
  if (!Array.isArray(required) || typeof properties !== "object" || properties === null) return {};
  const names = required.filter((name): name is string => typeof name === "string" && Object.hasOwn(properties, name));
  const members = properties as Record<string, unknown>;
  return Object.fromEntries(names.slice(0, 100).map((name) => [name, sampleOf(members[name], depth - 1)]));
}
