import type { JsonValue } from "@faramesh/protocol";
import { readBoolean, readTexts, readWord } from "../scalars.js";
import { FALSE, truthOf } from "../truth.js";
import type { OperatorReader } from "../value-test.js";

/** `exists`: the one operator besides `not` that a missing field can meet. */
export const readExists: OperatorReader = (operator, node, { report }) => {
  const wanted = readBoolean(node, operator, report);
  if (wanted === null) return null;
  return { operator, operand: wanted, judge: (value) => truthOf((value !== undefined) === wanted) };
};

const TYPES = ["null", "boolean", "number", "integer", "string", "array", "object"] as const;
type TypeName = (typeof TYPES)[number];

/** `type`: the JSON type, or `integer` for a number without a fraction. */
export const readType: OperatorReader = (operator, node, { report }) => {
  // In YAML a bare null is no text, but here it can only be meant as the type's name.
  if (node.kind === "scalar" && node.value === null) {
    report.error(node, "wrong_type", "type needs the name of a type", 'write type: "null" in quotes');
    return null;
  }
  const names = readTexts(node, operator, 20, report);
  if (names === null) return null;
  const nodes = node.kind === "list" ? node.items : [node];
  const types = nodes.map((item) => readWord(item, TYPES, "a type", report));
  if (!types.every((type) => type !== null)) return null;
  const wanted: readonly TypeName[] = [...new Set(types)].sort();
  return {
    operator,
    operand: [...wanted],
    judge: (value) => (value === undefined ? FALSE : truthOf(wanted.some((type) => hasType(value, type)))),
  };
};

function hasType(value: JsonValue, type: TypeName): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "boolean":
    case "number":
    case "string":
      return typeof value === type;
  }
}
