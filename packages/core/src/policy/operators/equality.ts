import type { JsonValue } from "@faramesh/protocol";
import type { DocumentNode } from "../document.js";
import { jsonEquals } from "../json-equals.js";
import { jsonOf } from "../scalars.js";
import { FALSE, truthOf } from "../truth.js";
import type { OperatorReader, Reading, ValueTest } from "../value-test.js";

/** `eq`, `ne`: deep equality, nothing coerced. A field that is missing is neither. */
export const readEquality: OperatorReader = (operator, node) => {
  const wanted = jsonOf(node);
  const whenEqual = operator === "eq";
  return {
    operator,
    operand: wanted,
    judge: (value) => (value === undefined ? FALSE : truthOf(jsonEquals(value, wanted) === whenEqual)),
  };
};

/** The test that a plain value stands for. */
export function equalTo(wanted: JsonValue): ValueTest {
  return {
    operator: "eq",
    operand: wanted,
    judge: (value) => (value === undefined ? FALSE : truthOf(jsonEquals(value, wanted))),
  };
}

/** `in`, `not_in`: equality with one of a list, or with none. */
export const readMembership: OperatorReader = (operator, node, reading) => {
  const wanted = readList(operator, node, reading);
  if (wanted === null) return null;
  const whenFound = operator === "in";
  const isListed = listedAmong(wanted);
  return {
    operator,
    operand: wanted,
    judge: (value) => (value === undefined ? FALSE : truthOf(isListed(value) === whenFound)),
  };
};

function readList(operator: string, node: DocumentNode, { report }: Reading): JsonValue[] | null {
  if (node.kind !== "list") report.error(node, "wrong_type", `${operator} needs a list`, `write ${operator}: [a, b]`);
  else if (node.items.length === 0)
    report.error(node, "empty", `${operator} must not be an empty list`, `write ${operator}: [a, b]`);
  else return node.items.map(jsonOf);
  return null;
}

function listedAmong(wanted: readonly JsonValue[]): (value: JsonValue) => boolean {
  if (wanted.some((item) => typeof item === "object" && item !== null)) {
    return (value) => wanted.some((item) => jsonEquals(item, value));
  }
  const scalars = new Set(wanted);
  return (value) => scalars.has(value);
}
