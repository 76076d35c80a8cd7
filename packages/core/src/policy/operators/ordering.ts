import type { JsonValue } from "@faramesh/protocol";
import { compareDecimals, type Decimal, decimalOfNumber, exactNumber, plainDecimal } from "../decimal.js";
import type { DocumentNode } from "../document.js";
import { FALSE, type Truth, truthOf, UNKNOWN } from "../truth.js";
import type { Judge, OperatorReader, Reading } from "../value-test.js";

interface Bound {
  readonly exact: Decimal;
  /** The bound as a double, where one stands for it exactly. */
  readonly number: number | null;
  readonly operand: number | string;
}

/**
 * `gt`, `gte`, `lt`, `lte`: exact comparison of numbers and of texts that are plain decimals. What is neither, a
 * boolean included, cannot be judged.
 */
export const readOrdering: OperatorReader = (operator, node, reading) => {
  const bound = readBound(operator, node, reading);
  if (bound === null) return null;
  return { operator, operand: bound.operand, judge: orderingJudge(operator, bound) };
};

function readBound(operator: string, node: DocumentNode, { report }: Reading): Bound | null {
  const value = node.kind === "scalar" ? node.value : null;
  if (typeof value === "number") return { exact: decimalOfNumber(value), number: value, operand: value };
  const exact = typeof value === "string" ? plainDecimal(value) : null;
  if (exact === null || typeof value !== "string") {
    report.error(node, "wrong_type", `${operator} needs a number`, `write ${operator}: 1000 or ${operator}: "1000.01"`);
    return null;
  }
  const number = exactNumber(value);
  return { exact, number, operand: number ?? textOf(exact) };
}

function textOf({ negative, whole, fraction }: Decimal): string {
  return `${negative ? "-" : ""}${whole || "0"}${fraction === "" ? "" : `.${fraction}`}`;
}

function orderingJudge(operator: string, { exact, number }: Bound): Judge {
  const slow = (value: JsonValue | undefined): Truth => {
    if (value === undefined) return FALSE;
    const seen = decimalOf(value);
    return seen === null ? UNKNOWN : truthOf(holds(operator, compareDecimals(seen, exact)));
  };
  if (number === null) return slow;
  // Doubles sort as their shortest decimal forms do, so where both are doubles no digits need comparing.
  switch (operator) {
    case "gt":
      return (value) => (typeof value === "number" ? truthOf(value > number) : slow(value));
    case "gte":
      return (value) => (typeof value === "number" ? truthOf(value >= number) : slow(value));
    case "lt":
      return (value) => (typeof value === "number" ? truthOf(value < number) : slow(value));
    default:
      return (value) => (typeof value === "number" ? truthOf(value <= number) : slow(value));
  }
}

function holds(operator: string, comparison: number): boolean {
  switch (operator) {
    case "gt":
      return comparison > 0;
    case "gte":
      return comparison >= 0;
    case "lt":
      return comparison < 0;
    default:
      return comparison <= 0;
  }
}

function decimalOf(value: JsonValue): Decimal | null {
  if (typeof value === "number") return decimalOfNumber(value);
  return typeof value === "string" ? plainDecimal(value) : null;
}
