import type { JsonObject, JsonValue } from "@faramesh/protocol";
import type { Step } from "../policy/path.js";
import { localTarget } from "./from-openapi.js";
import { isJsonObject } from "./json-object.js";

/** What a schema says of a field. */
export interface Field {
  /**
   * `declared`: the schema describes it; `open`: it does not, and allows more than it describes; `absent`: it does not,
   * and allows nothing else.
   */
  readonly kind: "declared" | "open" | "absent";
  /** The JSON types that it may have; null where the schema does not say. */
  readonly types: ReadonlySet<string> | null;
  /** The only values that it may have; null where the schema does not say. */
  readonly values: readonly JsonValue[] | null;
  /** Whether it is always there, in each item where items are asked for. */
  readonly isRequired: boolean;
  /** Names that are described where this one was looked for. */
  readonly known: readonly string[];
}

/** What a schema of params says of the field at a path. */
export function fieldIn(schema: JsonObject, steps: readonly Step[]): Field {
  return find(schema, [schema], steps, true);
}

function find(root: JsonObject, schemas: readonly JsonObject[], steps: readonly Step[], isRequired: boolean): Field {
  const alternatives = alternativesOf(root, schemas);
  const [step, ...rest] = steps;
  if (step === undefined) return { kind: "declared", ...valuesOf(alternatives), isRequired, known: [] };
  const next = alternatives.map((schema) => memberOf(schema, step));
  const declared = next.flatMap(({ schemas: found }) => found);
  const known = [...new Set(next.flatMap((member) => member.known))];
  if (declared.length > 0) {
    const isNeeded = isRequired && next.every((member) => member.isRequired);
    const field = find(root, declared, rest, isNeeded);
    return field.kind === "declared" || rest.length > 0 ? field : { ...field, known };
  }
  const isOpen = alternatives.length === 0 || next.some((member) => member.isOpen);
  return { kind: isOpen ? "open" : "absent", types: null, values: null, isRequired: false, known };
}

/**
 * The schemas that some may stand for: their references, and each way of `anyOf`, `oneOf` and `allOf`. Each is looked at
 * once, because some are about themselves.
 */
function alternativesOf(root: JsonObject, schemas: readonly JsonObject[]): JsonObject[] {
  const seen = new Set<JsonObject>();
  const found: JsonObject[] = [];
  const waiting = [...schemas];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (seen.has(schema)) continue;
    seen.add(schema);
    const ways = waysOf(root, schema);
    if (ways.length === 0 || DESCRIBING.some((key) => schema?.[key] !== undefined)) found.push(schema);
    waiting.push(...ways);
  }
  return found;
}

/** Keywords by which a schema says something itself, whatever else it stands for. */
const DESCRIBING = ["properties", "type", "enum", "const", "items"];

function waysOf(root: JsonObject, { $ref, ...schema }: JsonObject): JsonObject[] {
  const target = typeof $ref === "string" ? localTarget(root, $ref) : null;
  const ways = ["anyOf", "oneOf", "allOf"].flatMap((key) => {
    const list = schema[key];
    return Array.isArray(list) ? list.filter((one) => isJsonObject(one)) : [];
  });
  return target === null ? ways : [target, ...ways];
}

interface Member {
  readonly schemas: readonly JsonObject[];
  readonly isOpen: boolean;
  readonly isRequired: boolean;
  readonly known: readonly string[];
}

function memberOf(schema: JsonObject, step: Step): Member {
  if (step === "each" || "index" in step) return { ...itemOf(schema), isRequired: step === "each" };
  const { properties, additionalProperties: others = true, required, patternProperties } = schema;
  const members = isJsonObject(properties) ? properties : {};
  const known = Object.keys(members);
  const isRequired = Array.isArray(required) && required.includes(step.key);
  const own = Object.hasOwn(members, step.key) ? members[step.key] : undefined;
  if (own !== undefined) return { schemas: isJsonObject(own) ? [own] : [{}], isOpen: false, isRequired, known };
  if (isJsonObject(others)) return { schemas: [others], isOpen: false, isRequired, known };
  const isOpen = others !== false || patternProperties !== undefined;
  return { schemas: [], isOpen, isRequired, known };
}

function itemOf({ items, prefixItems }: JsonObject): Member {
  const listed = Array.isArray(prefixItems) ? prefixItems.filter((one) => isJsonObject(one)) : [];
  const schemas = [...listed, ...(isJsonObject(items) ? [items] : [])];
  return { schemas, isOpen: schemas.length === 0 && items !== false, isRequired: false, known: [] };
}

function valuesOf(alternatives: readonly JsonObject[]): Pick<Field, "types" | "values"> {
  const types = alternatives.map(typesOf);
  const values = alternatives.map(listedValues);
  return {
    types: types.length > 0 && types.every((each) => each !== null) ? new Set(types.flat()) : null,
    values: values.length > 0 && values.every((each) => each !== null) ? values.flat() : null,
  };
}

function typesOf({ type, nullable }: JsonObject): string[] | null {
  const named =
    typeof type === "string" ? [type] : Array.isArray(type) ? type.filter((each) => typeof each === "string") : null;
  return named === null ? null : [...named, ...(nullable === true ? ["null"] : [])];
}

function listedValues(schema: JsonObject): readonly JsonValue[] | null {
  if (Object.hasOwn(schema, "const")) return [schema["const"] as JsonValue];
  return Array.isArray(schema["enum"]) ? schema["enum"] : null;
}
