import { type JsonObject, type JsonValue, memberPath } from "@faramesh/protocol";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { CanonicalAction } from "../action/canonicalize.js";
import { InvalidActionError } from "../action/invalid-action.js";
import { compilePattern } from "../policy/pattern.js";
import { localTarget } from "./from-openapi.js";
import { isJsonObject } from "./json-object.js";
import { schemaFor } from "./read-tool-schemas.js";
import type { ToolSchema } from "./tool-schema.js";

/** Characters of one schema. */
const SCHEMA_CHARS_MAX = 200_000;

/** Nesting of one schema. */
const NESTING_MAX = 64;

/**
 * Why a schema cannot be checked by; null where it can. What agents send is held against it, so it must not be about
 * itself, which could take forever, and its patterns must be RE2, as everywhere.
 */
export function schemaFault(schema: JsonObject): string | null {
  const text = JSON.stringify(schema);
  if (text.length > SCHEMA_CHARS_MAX) return `it has more than ${SCHEMA_CHARS_MAX} characters`;
  const fault = new References(schema).fault(schema);
  if (fault !== null) return fault;
  try {
    compile(schema);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Goes through a schema and what it refers to, each part once. */
class References {
  readonly #root: JsonObject;
  /** Targets that are being gone through, and those that have been. */
  readonly #open = new Set<JsonObject>();
  readonly #done = new Set<JsonObject>();

  constructor(root: JsonObject) {
    this.#root = root;
  }

  fault(value: JsonValue | undefined, depth = 0): string | null {
    if (depth > NESTING_MAX) return "it nests too deeply";
    if (Array.isArray(value)) return this.#first(value, depth);
    if (!isJsonObject(value)) return null;
    const { $ref } = value;
    return typeof $ref === "string" ? this.#follow($ref, depth) : this.#first(Object.values(value), depth);
  }

  #first(parts: readonly (JsonValue | undefined)[], depth: number): string | null {
    for (const part of parts) {
      const fault = this.fault(part, depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }

  #follow(reference: string, depth: number): string | null {
    const target = localTarget(this.#root, reference);
    if (target === null) return `${reference} leads to nothing in it`;
    if (this.#open.has(target)) return `${reference} leads back to itself`;
    if (this.#done.has(target)) return null;
    this.#open.add(target);
    const fault = this.fault(target, depth + 1);
    this.#open.delete(target);
    this.#done.add(target);
    return fault;
  }
}

/** What tools take, ready to hold actions against. */
export class ToolParams {
  readonly tools: readonly ToolSchema[];
  readonly #validators = new Map<JsonObject, ValidateFunction>();

  /** @param tools - Of which {@link schemaFault} finds nothing. */
  constructor(tools: readonly ToolSchema[]) {
    this.tools = tools;
  }

  /**
   * Holds the params of an action against the schema of its tool, where there is one.
   *
   * @throws InvalidActionError naming the param and what is wrong with it.
   */
  assertParams({ tool, operation, params }: CanonicalAction): void {
    if (this.tools.length === 0) return;
    const schema = schemaFor(this.tools, tool, operation);
    if (schema === null) return;
    const validate = this.#validatorOf(schema);
    if (validate(params)) return;
    const [error] = validate.errors ?? [];
    if (error === undefined) throw new Error("params were refused without a reason");
    throw new InvalidActionError([{ path: pathOf(error), code: "not_by_schema", message: messageOf(error, tool) }]);
  }

  #validatorOf(schema: JsonObject): ValidateFunction {
    const known = this.#validators.get(schema);
    if (known !== undefined) return known;
    const compiled = compile(schema);
    this.#validators.set(schema, compiled);
    return compiled;
  }
}

/** Formats tell, and do not decide; whether items are unique takes time in the square of their number. */
function compile(schema: JsonObject): ValidateFunction {
  const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: true, code: { regExp: re2 } });
  ajv.removeKeyword("uniqueItems");
  // Which draft it is, and what it is called elsewhere, is not for a compiler that has this one alone.
  const kept = Object.entries(schema).filter(([key]) => key !== "$schema" && key !== "$id");
  return ajv.compile(Object.fromEntries(kept));
}

const re2 = Object.assign(
  (pattern: string): { test: (text: string) => boolean } => {
    const search = compilePattern(pattern);
    if (search === null) throw new Error(`the pattern ${pattern} is not RE2`);
    return { test: search };
  },
  { code: "re2" },
);

function pathOf({ instancePath }: ErrorObject): string {
  return instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : memberPath(path, step)), "$.params");
}

function messageOf({ message = "is not as it must be", keyword, params }: ErrorObject, tool: string): string {
  const named = keyword === "additionalProperties" ? ` (${String(params["additionalProperty"])})` : "";
  return `${message}${named}, says the schema of ${tool}`;
}
