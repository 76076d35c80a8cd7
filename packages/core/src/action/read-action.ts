import { type ActionRequest, type Fault, type JsonObject, LIMITS, memberPath } from "@faramesh/protocol";
import { InvalidActionError } from "./invalid-action.js";
import { nearestName } from "./nearest-name.js";

const FIELDS: readonly string[] = ["agent_id", "tool", "operation", "op", "params", "context"];
/** C0, DEL, C1 and format characters (direction marks, zero widths): they hide in logs and in what people are shown. */
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\p{Cf}]/u;

/** Faults that are told of one action. Whoever sends more is not helped by a longer list, and making it costs time. */
const FAULTS_MAX = 20;

/**
 * Reads an action from parsed JSON. The schema is closed: a field that is not known is a fault, never ignored. Nothing
 * is trimmed, altered or defaulted. `op` is accepted for `operation`, not both.
 *
 * @throws {@link InvalidActionError} with the first 20 faults, not only the first one.
 */
export function readActionRequest(value: unknown): ActionRequest {
  if (!isPlainObject(value)) {
    throw new InvalidActionError([{ path: "$", code: "wrong_type", message: "an action must be an object" }]);
  }
  const faults: Fault[] = [];
  const request = {
    agent_id: readName(value, "agent_id", faults),
    tool: readName(value, "tool", faults),
    operation: readOperation(value, faults),
    params: readParams(value, faults),
    ...readContext(value, faults),
  };
  for (const field in value) {
    if (faults.length >= FAULTS_MAX) break;
    if (!FIELDS.includes(field)) faults.push(unknownField(field));
  }
  if (!holdsAtMost(value, LIMITS.nodesMax)) {
    faults.push({ path: "$", code: "too_large", message: `holds more than ${LIMITS.nodesMax} values` });
  }
  if (faults.length > 0) throw new InvalidActionError(faults);
  return request;
}

/** Whether a value and all within it are at most so many values. Stops counting as soon as they are more. */
function holdsAtMost(value: unknown, nodesMax: number): boolean {
  const waiting: unknown[] = [value];
  let nodes = 1;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const within = Object.values(next);
    nodes += within.length;
    if (nodes > nodesMax) return false;
    for (const item of within) if (typeof item === "object" && item !== null) waiting.push(item);
  }
  return true;
}

type Body = Readonly<Record<string, unknown>>;

function isPlainObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readName(body: Body, field: string, faults: Fault[]): string {
  const name = Object.hasOwn(body, field) ? body[field] : undefined;
  const fault = nameFault(name);
  if (fault === null) return name as string;
  faults.push({ path: `$.${field}`, ...fault });
  return "";
}

function nameFault(name: unknown): Omit<Fault, "path"> | null {
  if (name === undefined) return { code: "required", message: "is required" };
  if (typeof name !== "string") return { code: "wrong_type", message: "must be a string" };
  if (name === "") return { code: "too_short", message: "must not be empty" };
  if (name.length > LIMITS.nameCharsMax) {
    return { code: "too_long", message: `has ${name.length} characters, more than ${LIMITS.nameCharsMax}` };
  }
  if (CONTROL_CHARACTER.test(name)) return { code: "control_character", message: "holds a control character" };
  return null;
}

function readOperation(body: Body, faults: Fault[]): string {
  if (!Object.hasOwn(body, "op")) return readName(body, "operation", faults);
  if (Object.hasOwn(body, "operation")) {
    faults.push({ path: "$.op", code: "given_twice", message: "stands for operation: give one of them" });
  }
  return readName(body, "op", faults);
}

function readParams(body: Body, faults: Fault[]): JsonObject {
  const params = Object.hasOwn(body, "params") ? body["params"] : undefined;
  if (isPlainObject(params)) return params as JsonObject;
  const missing = params === undefined;
  const code = missing ? "required" : "wrong_type";
  faults.push({
    path: "$.params",
    code,
    message: missing ? "is required: an object, {} if there are none" : "must be an object",
  });
  return {};
}

function readContext(body: Body, faults: Fault[]): { context?: JsonObject } {
  const context = Object.hasOwn(body, "context") ? body["context"] : undefined;
  if (context === undefined) return {};
  if (isPlainObject(context)) return { context: context as JsonObject };
  faults.push({ path: "$.context", code: "wrong_type", message: "must be an object, or left out" });
  return {};
}

function unknownField(field: string): Fault {
  const nearest = nearestName(field, FIELDS);
  const cure = nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
  return { path: memberPath("$", field), code: "unknown_field", message: `is not a field of an action${cure}` };
}
