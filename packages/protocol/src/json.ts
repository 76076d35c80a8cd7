/** A JSON value (RFC 8259) as parsed. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
/** A JSON object as parsed. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A value that has no canonical form, or that two JSON parsers could read differently. */
export class CanonicalJsonError extends Error {
  override readonly name = "CanonicalJsonError";
  /** Where, as a path from `$`: `$.params.items[0]`. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.path = path;
  }
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor"]);
const PLAIN_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a key may stand in an object: `__proto__` and its kin change what objects mean in some languages. */
export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/** Extends a path by a member name: `$.a`, or `$["odd name"]` where the name is not an identifier. */
export function memberPath(parent: string, key: string): string {
  return PLAIN_IDENTIFIER.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`;
}

/**
 * Serialises a value by the JSON Canonicalization Scheme (RFC 8785): members sorted by UTF-16 code units, shortest
 * number form, no white space. The same value gives the same text in every language.
 *
 * @param value - Plain JSON data. Anything else (undefined, functions, dates, class instances, bigint) is refused,
 *   as are non-finite numbers, integers beyond ±(2^53−1), lone surrogates, the keys `__proto__` and `constructor`,
 *   and nesting past `nestingMax`: two parsers could read them differently.
 * @param nestingMax - The deepest nesting of arrays and objects.
 * @param path - The path errors start from.
 * @throws {@link CanonicalJsonError} naming the path.
 */
export function canonicalJson(value: unknown, nestingMax = 32, path = "$"): string {
  switch (typeof value) {
    case "string":
      return canonicalString(value, path);
    case "number":
      return canonicalNumber(value, path);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (nestingMax === 0) throw new CanonicalJsonError(path, "is nested too deeply");
      return Array.isArray(value) ? canonicalArray(value, nestingMax, path) : canonicalObject(value, nestingMax, path);
    default:
      throw new CanonicalJsonError(path, `is ${typeof value}, which JSON cannot carry`);
  }
}

function canonicalString(value: string, path: string): string {
  if (!value.isWellFormed()) throw new CanonicalJsonError(path, "holds a lone surrogate");
  return JSON.stringify(value);
}

function canonicalNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw new CanonicalJsonError(path, "is not a finite number");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new CanonicalJsonError(path, "is an integer beyond ±(2^53−1)");
  }
  return Object.is(value, -0) ? "0" : String(value);
}

function canonicalArray(items: readonly unknown[], nestingMax: number, path: string): string {
  let text = "[";
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ",";
    text += canonicalJson(items[index], nestingMax - 1, `${path}[${index}]`);
  }
  return `${text}]`;
}

function canonicalObject(members: object, nestingMax: number, path: string): string {
  const prototype: unknown = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CanonicalJsonError(path, "is not a plain object");
  }
  const record = members as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of Object.keys(record).sort()) {
    const place = memberPath(path, key);
    if (isForbiddenKey(key)) throw new CanonicalJsonError(place, "is a key that is not accepted");
    if (text.length > 1) text += ",";
    text += `${canonicalString(key, place)}:${canonicalJson(record[key], nestingMax - 1, place)}`;
  }
  return `${text}}`;
}
