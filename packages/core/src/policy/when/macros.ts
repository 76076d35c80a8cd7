import { ExpressionFault } from "./expression-fault.js";
import type { Node } from "./parse-expression.js";
import { type Compiled, notSupported, offsetOf, type Situation, type Surroundings, truth } from "./surroundings.js";
import { JSON_TYPE, listOf, mayBe, TYPE_OF, type Type, typeName } from "./type.js";
import { FAULT, isList, isMap, type Result, type Value } from "./value.js";

/** Macros of CEL that go through a list, or through the names in a map. */
export const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** Macros within macros. */
const DEPTH_MAX = 3;

type MacroCall = Extract<Node["exprKind"], { case: "callExpr" }>["value"];

/** What a macro does with each item. */
interface Loop {
  readonly items: (situation: Situation) => readonly Value[] | typeof FAULT;
  readonly body: (item: Value, situation: Situation) => Result;
}

/** Compiles a macro from how it was written, not from the fold that the parser made of it. */
export function compileMacro({ function: name, target, args }: MacroCall, node: Node, around: Surroundings): Compiled {
  const [variable, ...bodies] = args;
  if (variable?.exprKind.case !== "identExpr" || around.depth >= DEPTH_MAX)
    throw notSupported(`this ${name}`, node, around);
  const range = around.compile(target, around);
  const item = itemOf(range.type, name, node, around);
  const inner = within(around, variable.exprKind.value.name, item);
  const items = itemsOf(range);
  const loopOver = (body: Compiled): Loop => ({ items, body: bodyOf(body, around.depth) });
  const [first, second] = bodies;
  if (name === "map") return mapped(first, second, node, inner, loopOver);
  const test = loopOver(truth(first, node, inner));
  if (name === "filter") return { type: listOf(item), evaluate: (situation) => filtered(test, situation) };
  if (name === "exists_one") return { type: TYPE_OF.bool, evaluate: (situation) => one(test, situation) };
  return { type: TYPE_OF.bool, evaluate: (situation) => quantified(name === "exists", test, situation) };
}

function itemOf(type: Type, name: string, node: Node, around: Surroundings): Type {
  if (!mayBe(type, "list") && !mayBe(type, "map")) {
    const message = `${name} needs a list or a map, not ${typeName(type)}`;
    throw new ExpressionFault("wrong_type", message, offsetOf(node, around));
  }
  if (!mayBe(type, "list")) return TYPE_OF.string;
  return type.item ?? JSON_TYPE;
}

function within(around: Surroundings, name: string, type: Type): Surroundings {
  const { depth } = around;
  const local: Compiled = { type, evaluate: ({ locals }) => locals[depth] as Value };
  return { ...around, depth: depth + 1, variables: new Map([...around.variables, [name, local]]) };
}

function itemsOf({ evaluate }: Compiled): Loop["items"] {
  return (situation) => {
    const range = evaluate(situation);
    if (range === FAULT) return FAULT;
    if (isList(range)) return range;
    if (!isMap(range)) return FAULT;
    const names = Object.keys(range);
    situation.budget.spend(names.length);
    return names;
  };
}

function bodyOf({ evaluate }: Compiled, depth: number): Loop["body"] {
  return (item, situation) => {
    situation.budget.spend(1);
    situation.locals[depth] = item;
    return evaluate(situation);
  };
}

/** One item that decides does so, also where others have no value: `false` for all of them, `true` for some. */
function quantified(decisive: boolean, { items, body }: Loop, situation: Situation): Result {
  const range = items(situation);
  if (range === FAULT) return FAULT;
  let result: Result = !decisive;
  for (const item of range) {
    const value = body(item, situation);
    if (value === decisive) return decisive;
    if (value !== !decisive) result = FAULT;
  }
  return result;
}

function one(loop: Loop, situation: Situation): Result {
  const found = filtered(loop, situation);
  return found === FAULT ? FAULT : (found as readonly Value[]).length === 1;
}

function filtered({ items, body }: Loop, situation: Situation): Result {
  const range = items(situation);
  if (range === FAULT) return FAULT;
  const found: Value[] = [];
  for (const item of range) {
    const value = body(item, situation);
    if (typeof value !== "boolean") return FAULT;
    if (value) found.push(item);
  }
  return found;
}

/** `map(x, result)`, or `map(x, test, result)`. */
function mapped(
  first: Node | undefined,
  second: Node | undefined,
  node: Node,
  inner: Surroundings,
  loopOver: (body: Compiled) => Loop,
): Compiled {
  const test = second === undefined ? null : loopOver(truth(first, node, inner));
  const result = inner.compile(second ?? first, inner);
  const { items, body } = loopOver(result);
  return {
    type: listOf(result.type),
    evaluate(situation) {
      const range = test === null ? items(situation) : filtered(test, situation);
      if (range === FAULT) return FAULT;
      const values = (range as readonly Value[]).map((each) => body(each, situation));
      return values.every((value) => value !== FAULT) ? values : FAULT;
    },
  };
}
