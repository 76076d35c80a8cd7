import type { JsonValue } from "@faramesh/protocol";

/** What an expression works on: JSON, and whole numbers (`bigint`), which only expressions have. */
export type Value = JsonValue | bigint | readonly Value[] | { readonly [key: string]: Value };

/** What has no value: a field is missing, a type does not fit, a bound is exceeded. The condition is unknown then. */
export const FAULT: unique symbol = Symbol("fault");
export type Result = Value | typeof FAULT;

/** The kinds of values, as CEL names them. A number of an action is always a double. */
export type Kind = "null" | "bool" | "int" | "double" | "string" | "list" | "map";

export function kindOfValue(value: Value): Kind {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "double";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    default:
      return value === null ? "null" : isList(value) ? "list" : "map";
  }
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Equality of CEL: numbers by what they are worth, whatever their kind; of different kinds nothing else is equal. */
export function equalValues(left: Value, right: Value, budget: Budget): boolean {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0;
  if (typeof left === "string" && typeof right === "string") return equalTexts(left, right, budget);
  if (left === right) return true;
  if (isList(left)) return isList(right) && equalLists(left, right, budget);
  return isMap(left) && isMap(right) && equalMaps(left, right, budget);
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function equalTexts(left: string, right: string, budget: Budget): boolean {
  if (left.length !== right.length) return false;
  budget.spendOn(left.length);
  return left === right;
}

function equalLists(left: readonly Value[], right: readonly Value[], budget: Budget): boolean {
  if (left.length !== right.length) return false;
  budget.spend(left.length);
  return left.every((item, at) => equalValues(item, right[at] as Value, budget));
}

function equalMaps(
  left: { readonly [key: string]: Value },
  right: { readonly [key: string]: Value },
  budget: Budget,
): boolean {
  const keys = Object.keys(left);
  budget.spend(keys.length);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalValues(left[key] as Value, right[key] as Value, budget));
}

/** The order of two values of one kind, or of two numbers; null where they have none. Texts go by code points. */
export function compareValues(left: Value, right: Value, budget: Budget): number | null {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (typeof left === "string" && typeof right === "string") {
    budget.spendOn(Math.min(left.length, right.length));
    return compareTexts(left, right);
  }
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  return null;
}

/** Exact, also between a whole number and a double. */
function compareNumbers(left: number | bigint, right: number | bigint): number | null {
  if (left < right) return -1;
  if (left > right) return 1;
  return left <= right ? 0 : null;
}

function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const [first, second] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (first !== second) return rank(first) - rank(second);
  }
  return left.length - right.length;
}

/** Halves of characters beyond the first 65,536 stand in the middle of the code units, and belong to the end. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Thrown out of an evaluation that has taken as many steps as it may. */
export class BudgetSpent extends Error {}

/** Characters that are read in one step. */
const STEP_CHARS = 64;

/** Bounds what one evaluation costs, whatever an agent sends. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** @throws BudgetSpent */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetSpent();
  }

  /** Spends on reading a text of so many characters, so many times. */
  spendOn(characters: number, times = 1): void {
    this.spend(Math.ceil(characters / STEP_CHARS) * times);
  }
}
