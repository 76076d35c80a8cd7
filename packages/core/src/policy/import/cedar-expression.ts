import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { isRecord } from "./imported.js";

/** An expression that cannot be said here, and why. */
export class NotExpressible extends Error {}

/** What may be named behind a dot in CEL; anything else is named in brackets. */
const FIELD = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED = new Set(
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(
    " ",
  ),
);

const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="];

/**
 * An expression of Cedar, in its JSON form, as one in CEL. Cedar looks at the left side of `&&` and `||` first, and an
 * error there is an error of the whole; so both are said by `? :`, which does the same.
 *
 * @throws NotExpressible
 */
export function celOf(expression: JsonValue | undefined): string {
  if (!isRecord(expression)) throw new NotExpressible("an expression of a kind that is not known");
  const [[kind, value] = ["", undefined]] = Object.entries(expression as JsonObject);
  switch (kind) {
    case "Value":
      return literal(value);
    case "Var":
      return variable(value);
    case "Set":
      return `[${(value as JsonValue[]).map(celOf).join(", ")}]`;
    case ".":
      return member(value as JsonObject);
    case "has":
      return presence(value as JsonObject);
    case "like":
      return likeness(value as JsonObject);
    case "!":
      return `!(${celOf((value as JsonObject)["arg"])})`;
    case "&&":
      return conditional(value as JsonObject, (left, right) => `(${left} ? ${right} : false)`);
    case "||":
      return conditional(value as JsonObject, (left, right) => `(${left} ? true : ${right})`);
    case "contains":
      return conditional(value as JsonObject, (set, item) => `(${item} in ${set})`);
    case "if-then-else": {
      const parts = value as JsonObject;
      return `(${celOf(parts["if"])} ? ${celOf(parts["then"])} : ${celOf(parts["else"])})`;
    }
    default:
      if (COMPARISONS.includes(kind))
        return conditional(value as JsonObject, (left, right) => `(${left} ${kind} ${right})`);
      throw new NotExpressible(`${kind} is not known here`);
  }
}

function conditional({ left, right }: JsonObject, say: (left: string, right: string) => string): string {
  return say(celOf(left), celOf(right));
}

function literal(value: JsonValue | undefined): string {
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  const entity = isRecord(value) ? value["__entity"] : undefined;
  if (isRecord(entity) && typeof entity["id"] === "string") return JSON.stringify(entity["id"]);
  throw new NotExpressible("a value of a kind that is not known here");
}

/** Entities stand for their ids. */
const VARIABLES: Readonly<Record<string, string>> = {
  principal: "agent_id",
  action: "operation",
  resource: "tool",
  context: "params",
};

function variable(name: JsonValue | undefined): string {
  const known = typeof name === "string" ? VARIABLES[name] : undefined;
  if (known === undefined) throw new NotExpressible("a variable that is not known here");
  return known;
}

function member({ left, attr }: JsonObject): string {
  const holder = fieldHolder(left);
  const name = named(attr);
  return isPlain(name) ? `${holder}.${name}` : `${holder}[${JSON.stringify(name)}]`;
}

function presence({ left, attr }: JsonObject): string {
  const holder = fieldHolder(left);
  const name = named(attr);
  return isPlain(name) ? `has(${holder}.${name})` : `(${JSON.stringify(name)} in ${holder})`;
}

function named(attr: JsonValue | undefined): string {
  if (typeof attr === "string") return attr;
  throw new NotExpressible("a name that is none");
}

function isPlain(name: string): boolean {
  return FIELD.test(name) && !RESERVED.has(name);
}

/** Only context has fields here; of agents and tools nothing but their names is known. */
function fieldHolder(left: JsonValue | undefined): string {
  const holder = celOf(left);
  if (holder.startsWith("params")) return holder;
  throw new NotExpressible("attributes of principals and resources are not known here");
}

function likeness({ left, pattern }: JsonObject): string {
  const parts = (pattern as JsonValue[]).map((part) => {
    if (part === "Wildcard") return "(?s:.*)";
    const text = isRecord(part) ? part["Literal"] : undefined;
    if (typeof text !== "string") throw new NotExpressible("a pattern that is none");
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return `${celOf(left)}.matches(${JSON.stringify(`^${parts.join("")}$`)})`;
}
