import { numberFault } from "../action/exact-number.js";

/** A decimal number of any length, exactly. */
export interface Decimal {
  readonly negative: boolean;
  /** Without leading zeros; "" for zero. */
  readonly whole: string;
  /** Without trailing zeros. */
  readonly fraction: string;
}

const PLAIN_DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const SCIENTIFIC = /^(-?)([0-9]+)(?:\.([0-9]+))?e([+-][0-9]+)$/;

/** Reads a plain decimal such as `-1000.01`; null for all else: `1e3`, `1_000`, `+5`, `0x10`, `nan`, `inf`, ` 5`. */
export function plainDecimal(text: string): Decimal | null {
  const match = PLAIN_DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  return decimal(sign === "-", whole, fraction);
}

/** The decimal that a double's shortest form shows: the one that was written, as inexact numbers are refused. */
export function decimalOfNumber(value: number): Decimal {
  const text = String(value);
  const match = SCIENTIFIC.exec(text);
  if (match === null) return plainDecimal(text) ?? decimal(false, "", "");
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  return shifted(sign === "-", whole, fraction, Number(exponent));
}

/** The double that stands for exactly this text, or null where none does. */
export function exactNumber(text: string): number | null {
  return numberFault(text) === null ? Number(text) + 0 : null;
}

/** Less than 0, 0 or more than 0, as in sorting. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  return left.negative ? compareMagnitudes(right, left) : compareMagnitudes(left, right);
}

function compareMagnitudes(left: Decimal, right: Decimal): number {
  if (left.whole.length !== right.whole.length) return left.whole.length - right.whole.length;
  return compareText(left.whole, right.whole) || compareText(left.fraction, right.fraction);
}

// Digits of equal weight stand at equal places, so the order of the texts is that of the numbers.
function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function shifted(negative: boolean, whole: string, fraction: string, exponent: number): Decimal {
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return decimal(negative, "", "0".repeat(-point) + digits);
  return decimal(negative, digits.slice(0, point).padEnd(point, "0"), digits.slice(point));
}

function decimal(negative: boolean, whole: string, fraction: string): Decimal {
  let start = 0;
  let end = fraction.length;
  while (whole[start] === "0") start++;
  while (end > 0 && fraction[end - 1] === "0") end--;
  const trimmed = { whole: whole.slice(start), fraction: fraction.slice(0, end) };
  const isZero = trimmed.whole === "" && trimmed.fraction === "";
  return { negative: negative && !isZero, ...trimmed };
}
