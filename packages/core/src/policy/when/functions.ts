import { exactNumber } from "../decimal.js";
import { TYPE_OF, type Type } from "./type.js";
import { type Budget, compareValues, equalValues, FAULT, type Kind, type Result, type Value } from "./value.js";

/** A function for some kinds of values; the first that fits is taken. */
export interface Overload {
  /** `null` takes any kind. */
  readonly takes: readonly (Kind | null)[];
  readonly gives: Type;
  readonly apply: (values: readonly Value[], budget: Budget) => Result;
}

function on<Operands extends readonly Value[]>(
  takes: readonly (Kind | null)[],
  gives: Kind,
  apply: (operands: Operands, budget: Budget) => Result,
): Overload {
  return { takes, gives: TYPE_OF[gives], apply: apply as unknown as Overload["apply"] };
}

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

/** A whole number of 64 bits; beyond them there is none. */
export function wholeNumber(value: bigint): bigint | typeof FAULT {
  return value < INT_MIN || value > INT_MAX ? FAULT : value;
}

function arithmetic(
  whole: (left: bigint, right: bigint) => bigint | typeof FAULT,
  double: (left: number, right: number) => number,
): Overload[] {
  return [
    on<[bigint, bigint]>(["int", "int"], "int", ([left, right]) => {
      const value = whole(left, right);
      return value === FAULT ? FAULT : wholeNumber(value);
    }),
    on<[number, number]>(["double", "double"], "double", ([left, right]) => double(left, right)),
  ];
}

const NUMBERS = ["int", "double"] as const;
const NUMBER_PAIRS = NUMBERS.flatMap((left) => NUMBERS.map((right) => [left, right] as const));

function ordering(holds: (order: number) => boolean): Overload[] {
  const pairs: (readonly [Kind, Kind])[] = [...NUMBER_PAIRS, ["string", "string"], ["bool", "bool"]];
  return pairs.map((pair) =>
    on<[Value, Value]>(pair, "bool", ([left, right], budget) => {
      const order = compareValues(left, right, budget);
      // CEL has "false" for what is not a number, and "deny where it is more" would let it pass.
      return order === null ? FAULT : holds(order);
    }),
  );
}

/** Characters of a part that cost no more than the text it is looked for in. */
const PART_CHARS = 64;

function onTexts(test: (text: string, part: string) => boolean): Overload[] {
  return [
    on<[string, string]>(["string", "string"], "bool", ([text, part], budget) => {
      // A search may look at all of the part again and again along the text.
      budget.spendOn(text.length, Math.ceil(part.length / PART_CHARS) || 1);
      return test(text, part);
    }),
  ];
}

function changed(change: (text: string) => string): Overload[] {
  return [
    on<[string]>(["string"], "string", ([text], budget) => {
      budget.spendOn(text.length);
      return change(text);
    }),
  ];
}

function codePoints(text: string, budget: Budget): bigint {
  budget.spendOn(text.length);
  let count = 0;
  for (const _ of text) count++;
  return BigInt(count);
}

const SIZES: Overload[] = [
  on<[string]>(["string"], "int", ([text], budget) => codePoints(text, budget)),
  on<[readonly Value[]]>(["list"], "int", ([list]) => BigInt(list.length)),
  on<[{ readonly [key: string]: Value }]>(["map"], "int", ([map], budget) => {
    const { length } = Object.keys(map);
    budget.spend(length);
    return BigInt(length);
  }),
];

const WHOLE = /^-?[0-9]{1,19}$/;

/** The ends of the range are left out: a double does not tell them from what lies beyond. */
function wholeOfDouble(value: number): Result {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : FAULT;
}

/** The operators and functions of CEL that conditions may use, by the name that the parser gives them. */
export const FUNCTIONS: ReadonlyMap<string, readonly Overload[]> = new Map<string, readonly Overload[]>([
  [
    "_+_",
    [
      ...arithmetic(
        (left, right) => left + right,
        (left, right) => left + right,
      ),
      on<[string, string]>(["string", "string"], "string", ([left, right], budget) => {
        budget.spendOn(left.length + right.length);
        return left + right;
      }),
      on<[readonly Value[], readonly Value[]]>(["list", "list"], "list", ([left, right], budget) => {
        budget.spend(left.length + right.length);
        return [...left, ...right];
      }),
    ],
  ],
  [
    "_-_",
    arithmetic(
      (left, right) => left - right,
      (left, right) => left - right,
    ),
  ],
  [
    "_*_",
    arithmetic(
      (left, right) => left * right,
      (left, right) => left * right,
    ),
  ],
  [
    "_/_",
    arithmetic(
      (left, right) => (right === 0n ? FAULT : left / right),
      (left, right) => left / right,
    ),
  ],
  ["_%_", [on<[bigint, bigint]>(["int", "int"], "int", ([left, right]) => (right === 0n ? FAULT : left % right))]],
  [
    "-_",
    [
      on<[bigint]>(["int"], "int", ([value]) => wholeNumber(-value)),
      on<[number]>(["double"], "double", ([value]) => -value),
    ],
  ],
  ["_<_", ordering((order) => order < 0)],
  ["_<=_", ordering((order) => order <= 0)],
  ["_>_", ordering((order) => order > 0)],
  ["_>=_", ordering((order) => order >= 0)],
  [
    "@in",
    [
      on<[Value, readonly Value[]]>([null, "list"], "bool", ([value, list], budget) => {
        budget.spend(list.length);
        return list.some((item) => equalValues(value, item, budget));
      }),
      on<[Value, { readonly [key: string]: Value }]>([null, "map"], "bool", ([key, map]) => {
        if (typeof key === "string") return Object.hasOwn(map, key);
        // What could be a key of a map, and is none of this one.
        return typeof key === "object" ? FAULT : false;
      }),
    ],
  ],
  ["size", SIZES],
  [
    "int",
    [
      on<[bigint]>(["int"], "int", ([value]) => value),
      on<[number]>(["double"], "int", ([value]) => wholeOfDouble(value)),
      on<[string]>(["string"], "int", ([text]) => (WHOLE.test(text) ? wholeNumber(BigInt(text)) : FAULT)),
    ],
  ],
  [
    "double",
    [
      on<[number]>(["double"], "double", ([value]) => value),
      on<[bigint]>(["int"], "double", ([value]) => Number(value)),
      on<[string]>(["string"], "double", ([text]) => exactNumber(text) ?? FAULT),
    ],
  ],
]);

/** Functions that are called on a value: `text.contains(part)`. The value comes first. */
export const METHODS: ReadonlyMap<string, readonly Overload[]> = new Map<string, readonly Overload[]>([
  ["size", SIZES],
  ["contains", onTexts((text, part) => text.includes(part))],
  ["startsWith", onTexts((text, part) => text.startsWith(part))],
  ["endsWith", onTexts((text, part) => text.endsWith(part))],
  ["lowerAscii", changed((text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()))],
  ["upperAscii", changed((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()))],
]);
