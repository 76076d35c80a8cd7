import type { Kind } from "./value.js";

/** The kinds a value can be of. One that comes from an action may be of any kind but a whole number. */
export interface Type {
  readonly kinds: ReadonlySet<Kind>;
  /** What is in it, where it is a list or a map. */
  readonly item: Type | null;
}

function type(kinds: readonly Kind[], item: Type | null = null): Type {
  return { kinds: new Set(kinds), item };
}

const UNBOUND = type(["null", "bool", "double", "string", "list", "map"]);

/** Whatever an action may hold. */
export const JSON_TYPE: Type = { ...UNBOUND, item: UNBOUND };

/** The type of one kind; of a list or a map, with anything in it. */
export const TYPE_OF: Readonly<Record<Kind, Type>> = {
  null: type(["null"]),
  bool: type(["bool"]),
  int: type(["int"]),
  double: type(["double"]),
  string: type(["string"]),
  list: type(["list"], JSON_TYPE),
  map: type(["map"], JSON_TYPE),
};

export function listOf(item: Type): Type {
  return type(["list"], item);
}

export function mapOf(item: Type): Type {
  return type(["map"], item);
}

/** Whatever one of these types is. */
export function anyTypeOf(types: readonly Type[]): Type {
  const items = types.flatMap(({ item }) => item ?? []);
  return {
    kinds: new Set(types.flatMap(({ kinds }) => [...kinds])),
    item: items[0] === undefined ? null : joined(items),
  };
}

function joined(items: readonly Type[]): Type {
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : anyTypeOf(items);
}

export function mayBe({ kinds }: Type, kind: Kind): boolean {
  return kinds.has(kind);
}

/** What stands in a message. */
export function typeName({ kinds }: Type): string {
  return kinds.size >= UNBOUND.kinds.size ? "any value" : [...kinds].join(" or ");
}

/** Whether values of two types can be equal: of one kind, or both numbers. */
export function mayBeEqual(left: Type, right: Type): boolean {
  return [...left.kinds].some((kind) => mayBe(right, kind)) || (mayBeNumber(left) && mayBeNumber(right));
}

function mayBeNumber(each: Type): boolean {
  return mayBe(each, "int") || mayBe(each, "double");
}
