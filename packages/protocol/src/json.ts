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

/** What a string may hold that cannot stand between quotes as it is, or needs a closer look. */
const NOT_PLAIN = /[\u0000-\u001f"\\\ud800-\udfff]/;
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
  const copy = copyInOrder(value, nestingMax);
  if (copy !== undefined) return JSON.stringify(copy);
  return canonicalValue(value, nestingMax, { root: path, steps: [] });
}

/**
 * A copy of a value that is acceptable and whose members stand in canonical order already, as in all that was written
 * canonically before: of such, `JSON.stringify` writes the canonical form, in one piece. It is the copy that is looked
 * at and written, because a getter may say something else the second time, and an object may bring a `toJSON` along.
 *
 * @returns undefined where the value must be looked at more closely.
 */
function copyInOrder(value: unknown, nestingMax: number): unknown {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : undefined;
    case "number":
      return (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)) ? value : undefined;
    case "boolean":
      return value;
    case "object":
      if (value === null) return null;
      if (nestingMax === 0) return undefined;
      return Array.isArray(value) ? itemsInOrder(value, nestingMax - 1) : membersInOrder(value, nestingMax - 1);
    default:
      return undefined;
  }
}

function itemsInOrder(items: readonly unknown[], nestingMax: number): unknown[] | undefined {
  const copies: unknown[] = [];
  if ("toJSON" in copies) return undefined;
  // By index, because holes are to be seen as what they are.
  for (let index = 0; index < items.length; index++) {
    const copy = copyInOrder(items[index], nestingMax);
    if (copy === undefined) return undefined;
    copies.push(copy);
  }
  return copies;
}

function membersInOrder(members: object, nestingMax: number): object | undefined {
  const prototype: unknown = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const copy = { ...members } as Record<string, unknown>;
  if ("toJSON" in copy) return undefined;
  let last = "";
  for (const key in copy) {
    if (key < last || isForbiddenKey(key) || !key.isWellFormed()) return undefined;
    const member = copy[key];
    const memberCopy = copyInOrder(member, nestingMax);
    if (memberCopy === undefined) return undefined;
    if (memberCopy !== member) copy[key] = memberCopy;
    last = key;
  }
  return copy;
}

/** Where the writing stands. The path's text is made only where there is a fault to tell. */
interface Trail {
  readonly root: string;
  readonly steps: (string | number)[];
}

function canonicalValue(value: unknown, nestingMax: number, trail: Trail): string {
  switch (typeof value) {
    case "string":
      return canonicalString(value, trail);
    case "number":
      return canonicalNumber(value, trail);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (nestingMax === 0) throw faultAt(trail, "is nested too deeply");
      return Array.isArray(value)
        ? canonicalArray(value, nestingMax, trail)
        : canonicalObject(value, nestingMax, trail);
    default:
      throw faultAt(trail, `is ${typeof value}, which JSON cannot carry`);
  }
}

function canonicalString(value: string, trail: Trail): string {
  if (!NOT_PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw faultAt(trail, "holds a lone surrogate");
  return JSON.stringify(value);
}

function canonicalNumber(value: number, trail: Trail): string {
  if (Number.isSafeInteger(value)) return value === 0 ? "0" : String(value);
  if (!Number.isFinite(value)) throw faultAt(trail, "is not a finite number");
  if (Number.isInteger(value)) throw faultAt(trail, "is an integer beyond ±(2^53−1)");
  return String(value);
}

function canonicalArray(items: readonly unknown[], nestingMax: number, trail: Trail): string {
  let text = "[";
  for (let index = 0; index < items.length; index++) {
    trail.steps.push(index);
    if (index > 0) text += ",";
    text += canonicalValue(items[index], nestingMax - 1, trail);
    trail.steps.pop();
  }
  return `${text}]`;
}

function canonicalObject(members: object, nestingMax: number, trail: Trail): string {
  const prototype: unknown = Object.getPrototypeOf(members);
  if (prototype !== Object.prototype && prototype !== null) throw faultAt(trail, "is not a plain object");
  const record = members as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of sortedKeys(record)) {
    trail.steps.push(key);
    if (isForbiddenKey(key)) throw faultAt(trail, "is a key that is not accepted");
    if (text.length > 1) text += ",";
    text += `${canonicalString(key, trail)}:${canonicalValue(record[key], nestingMax - 1, trail)}`;
    trail.steps.pop();
  }
  return `${text}}`;
}

/** What was written canonically reads back with its keys in order, so looking first saves most of the sorting. */
function sortedKeys(record: object): string[] {
  const keys = Object.keys(record);
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] ?? "") > (keys[index] ?? "")) return keys.sort();
  }
  return keys;
}

function faultAt({ root, steps }: Trail, message: string): CanonicalJsonError {
  let path = root;
  for (const step of steps) path = typeof step === "number" ? `${path}[${step}]` : memberPath(path, step);
  return new CanonicalJsonError(path, message);
}
