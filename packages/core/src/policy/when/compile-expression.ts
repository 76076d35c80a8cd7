import { nearestName } from "../../action/nearest-name.js";
import { ExpressionFault } from "./expression-fault.js";
import { FUNCTIONS, METHODS, type Overload, wholeNumber } from "./functions.js";
import { compileMacro, MACROS } from "./macros.js";
import type { Node } from "./parse-expression.js";
import { assertSoundRisk } from "./risk-level.js";
import { type Compiled, notSupported, offsetOf, type Situation, type Surroundings, truth } from "./surroundings.js";
import { anyTypeOf, JSON_TYPE, listOf, mapOf, mayBe, mayBeEqual, TYPE_OF, typeName } from "./type.js";
import { equalValues, FAULT, isList, isMap, kindOfValue, type Result, type Value } from "./value.js";

/**
 * Compiles an expression and checks its types: what the variables may be is known, so what can never have a value is
 * refused here.
 *
 * @throws ExpressionFault naming the place.
 */
export function compileNode(node: Node | undefined, around: Surroundings): Compiled {
  if (node === undefined) throw new ExpressionFault("invalid_expression", "a part of it is empty", null);
  const macro = around.parsed.sourceInfo?.macroCalls[String(node.id)]?.exprKind;
  if (macro?.case === "callExpr" && MACROS.has(macro.value.function)) return compileMacro(macro.value, node, around);
  const { exprKind } = node;
  switch (exprKind.case) {
    case "constExpr":
      return constant(exprKind.value.constantKind, node, around);
    case "identExpr":
      return variable(exprKind.value.name, node, around);
    case "selectExpr":
      return select(exprKind.value, node, around);
    case "callExpr":
      return call(exprKind.value, node, around);
    case "listExpr":
      return list(exprKind.value.elements, around);
    case "structExpr":
      return map(exprKind.value, node, around);
    default:
      throw notSupported("this form", node, around);
  }
}

type KindOf<Case extends Node["exprKind"]["case"]> =
  Extract<Node["exprKind"], { case: Case }> extends {
    value: infer Content;
  }
    ? Content
    : never;

function constant(kind: KindOf<"constExpr">["constantKind"], node: Node, around: Surroundings): Compiled {
  switch (kind.case) {
    case "stringValue":
    case "doubleValue":
    case "boolValue":
      return always(kind.value);
    case "nullValue":
      return always(null);
    case "int64Value":
      if (wholeNumber(kind.value) === FAULT) {
        throw new ExpressionFault(
          "invalid_expression",
          "a whole number has 64 bits at the most",
          offsetOf(node, around),
        );
      }
      return always(kind.value);
    default:
      throw notSupported("a literal of this kind", node, around);
  }
}

function always(value: Value): Compiled {
  return { type: TYPE_OF[kindOfValue(value)], evaluate: () => value };
}

function variable(name: string, node: Node, around: Surroundings): Compiled {
  const known = around.variables.get(name);
  if (known !== undefined) return known;
  const nearest = nearestName(name, around.variables.keys());
  const cure =
    nearest === undefined ? `variables: ${[...around.variables.keys()].join(", ")}` : `did you mean ${nearest}?`;
  throw new ExpressionFault(
    "unknown_variable",
    `${JSON.stringify(name)} is not a variable`,
    offsetOf(node, around),
    cure,
  );
}

function select({ operand, field, testOnly }: KindOf<"selectExpr">, node: Node, around: Surroundings): Compiled {
  const { type, evaluate } = compileNode(operand, around);
  if (!mayBe(type, "map")) {
    const message = `${typeName(type)} has no field ${JSON.stringify(field)}`;
    throw new ExpressionFault("wrong_type", message, offsetOf(node, around));
  }
  const find = (situation: Situation): Result => {
    const container = evaluate(situation);
    if (container === FAULT || !isMap(container)) return FAULT;
    if (testOnly) return Object.hasOwn(container, field);
    return Object.hasOwn(container, field) ? (container[field] as Value) : FAULT;
  };
  return { type: testOnly ? TYPE_OF.bool : (type.item ?? JSON_TYPE), evaluate: find };
}

function call({ function: name, target, args }: KindOf<"callExpr">, node: Node, around: Surroundings): Compiled {
  assertSoundRisk(name, target === undefined ? args : [target, ...args], node, around);
  const special = SPECIAL.get(name);
  if (special !== undefined) return special(target === undefined ? args : [target, ...args], node, around);
  const overloads = (target === undefined ? FUNCTIONS : METHODS).get(name);
  if (overloads === undefined) throw unknownFunction(name, node, around);
  const operands = (target === undefined ? args : [target, ...args]).map((operand) => compileNode(operand, around));
  return overloaded(name, overloads, operands, node, around);
}

function unknownFunction(name: string, node: Node, around: Surroundings): ExpressionFault {
  const known = [...FUNCTIONS.keys(), ...METHODS.keys(), ...MACROS, "matches", "has"].filter((each) =>
    /^[a-z]/i.test(each),
  );
  const nearest = nearestName(name, known);
  const cure = nearest === undefined ? `functions: ${[...new Set(known)].join(", ")}` : `did you mean ${nearest}?`;
  return new ExpressionFault(
    "unsupported_expression",
    `${name} is not supported in when`,
    offsetOf(node, around),
    cure,
  );
}

/** How an operator is written. */
function written(name: string): string {
  return name.replaceAll("_", "").replace("@", "") || name;
}

function overloaded(
  name: string,
  overloads: readonly Overload[],
  operands: readonly Compiled[],
  node: Node,
  around: Surroundings,
): Compiled {
  const fitting = overloads.filter(({ takes }) => takesTypes(takes, operands));
  if (fitting.length === 0) throw noOverload(name, operands, node, around);
  return {
    type: anyTypeOf(fitting.map(({ gives }) => gives)),
    evaluate(situation) {
      const values: Value[] = [];
      for (let at = 0; at < operands.length; at++) {
        const value = (operands[at] as Compiled).evaluate(situation);
        if (value === FAULT) return FAULT;
        values.push(value);
      }
      for (let at = 0; at < fitting.length; at++) {
        const { takes, apply } = fitting[at] as Overload;
        if (takesValues(takes, values)) return apply(values, situation.budget);
      }
      return FAULT;
    },
  };
}

function takesTypes(takes: Overload["takes"], operands: readonly Compiled[]): boolean {
  if (takes.length !== operands.length) return false;
  return takes.every((kind, at) => kind === null || mayBe((operands[at] as Compiled).type, kind));
}

function takesValues(takes: Overload["takes"], values: readonly Value[]): boolean {
  for (let at = 0; at < takes.length; at++) {
    const kind = takes[at];
    if (kind !== null && kind !== kindOfValue(values[at] as Value)) return false;
  }
  return true;
}

function noOverload(name: string, operands: readonly Compiled[], node: Node, around: Surroundings): ExpressionFault {
  const types = operands.map(({ type }) => typeName(type));
  const isMixed = operands.some(({ type }) => mayBe(type, "double")) && operands.some(({ type }) => mayBe(type, "int"));
  const cure = isMixed ? "numbers of an action are doubles: write 2.0 for 2, or int(…) around the other" : undefined;
  const message = `${written(name)} cannot be applied to ${types.join(" and ")}`;
  return new ExpressionFault("wrong_type", message, offsetOf(node, around), cure);
}

type Special = (operands: readonly Node[], node: Node, around: Surroundings) => Compiled;

/** What does not simply take the values of its operands. */
const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["_&&_", (operands, node, around) => logical(false, operands, node, around)],
  ["_||_", (operands, node, around) => logical(true, operands, node, around)],
  ["!_", ([operand], node, around) => not(truth(operand, node, around))],
  ["_?_:_", choice],
  ["_==_", (operands, node, around) => equality(true, operands, node, around)],
  ["_!=_", (operands, node, around) => equality(false, operands, node, around)],
  ["_[_]", member],
  ["matches", matches],
]);

/** One side that decides does so, whatever the other is. */
function logical(decisive: boolean, operands: readonly Node[], node: Node, around: Surroundings): Compiled {
  const sides = operands.map((operand) => truth(operand, node, around));
  return {
    type: TYPE_OF.bool,
    evaluate(situation) {
      let result: Result = !decisive;
      for (let at = 0; at < sides.length; at++) {
        const value = (sides[at] as Compiled).evaluate(situation);
        if (value === decisive) return decisive;
        if (value !== !decisive) result = FAULT;
      }
      return result;
    },
  };
}

function not({ evaluate }: Compiled): Compiled {
  return {
    type: TYPE_OF.bool,
    evaluate(situation) {
      const value = evaluate(situation);
      return typeof value === "boolean" ? !value : FAULT;
    },
  };
}

function choice([asked, yes, no]: readonly Node[], node: Node, around: Surroundings): Compiled {
  const condition = truth(asked, node, around);
  const [first, second] = [compileNode(yes, around), compileNode(no, around)];
  return {
    type: anyTypeOf([first.type, second.type]),
    evaluate(situation) {
      const value = condition.evaluate(situation);
      if (typeof value !== "boolean") return FAULT;
      return value ? first.evaluate(situation) : second.evaluate(situation);
    },
  };
}

function equality(isWanted: boolean, operands: readonly Node[], node: Node, around: Surroundings): Compiled {
  const [left, right] = operands.map((operand) => compileNode(operand, around));
  if (left === undefined || right === undefined) throw notSupported("this form", node, around);
  if (!mayBeEqual(left.type, right.type)) {
    const message = `${typeName(left.type)} and ${typeName(right.type)} are never equal`;
    throw new ExpressionFault("wrong_type", message, offsetOf(node, around));
  }
  return {
    type: TYPE_OF.bool,
    evaluate(situation) {
      const first = left.evaluate(situation);
      const second = right.evaluate(situation);
      if (first === FAULT || second === FAULT) return FAULT;
      return equalValues(first, second, situation.budget) === isWanted;
    },
  };
}

function member(operands: readonly Node[], node: Node, around: Surroundings): Compiled {
  const [container, key] = operands.map((operand) => compileNode(operand, around));
  if (container === undefined || key === undefined) throw notSupported("this form", node, around);
  const byName = mayBe(container.type, "map") && mayBe(key.type, "string");
  const byIndex = mayBe(container.type, "list") && (mayBe(key.type, "int") || mayBe(key.type, "double"));
  if (!byName && !byIndex) throw noOverload("_[_]", [container, key], node, around);
  return {
    type: container.type.item ?? JSON_TYPE,
    evaluate(situation) {
      const value = container.evaluate(situation);
      const at = key.evaluate(situation);
      return value === FAULT || at === FAULT ? FAULT : memberOf(value, at);
    },
  };
}

function memberOf(container: Value, key: Value): Result {
  if (isMap(container))
    return typeof key === "string" && Object.hasOwn(container, key) ? (container[key] as Value) : FAULT;
  if (!isList(container) || (typeof key !== "number" && typeof key !== "bigint")) return FAULT;
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < container.length ? (container[index] as Value) : FAULT;
}

/** Characters that a pattern is searched for in one step: at 8 to 17 ns each, less than a step of a macro takes (0.7 µs). */
const STEP_CHARS = 8;

function matches(operands: readonly Node[], node: Node, around: Surroundings): Compiled {
  const [text, pattern] = operands;
  if (operands.length !== 2) throw notSupported(`matches with ${operands.length} operands`, node, around);
  const searched = compileNode(text, around);
  if (!mayBe(searched.type, "string")) throw noOverload("matches", [searched], node, around);
  const kind = pattern?.exprKind.case === "constExpr" ? pattern.exprKind.value.constantKind : undefined;
  if (kind?.case !== "stringValue") throw notSupported("matches with a pattern that is not written out", node, around);
  const search = around.pattern(kind.value);
  return {
    type: TYPE_OF.bool,
    evaluate(situation) {
      const value = searched.evaluate(situation);
      if (typeof value !== "string" || search === null) return FAULT;
      situation.budget.spend(Math.ceil(value.length / STEP_CHARS));
      return search(value);
    },
  };
}

/** Where literals are evaluated, which look at nothing. */
const NOWHERE = undefined as never;

function list(elements: readonly Node[], around: Surroundings): Compiled {
  const items = elements.map((element) => compileNode(element, around));
  const type = items.length === 0 ? TYPE_OF.list : listOf(anyTypeOf(items.map(({ type: each }) => each)));
  if (elements.every(({ exprKind }) => exprKind.case === "constExpr")) {
    const values = items.map(({ evaluate }) => evaluate(NOWHERE) as Value);
    return { type, evaluate: () => values };
  }
  return {
    type,
    evaluate(situation) {
      const values = items.map(({ evaluate }) => evaluate(situation));
      return values.every((value) => value !== FAULT) ? values : FAULT;
    },
  };
}

function map({ messageName, entries }: KindOf<"structExpr">, node: Node, around: Surroundings): Compiled {
  if (messageName !== "") throw notSupported("a message", node, around);
  const members = entries.map(({ keyKind, value }) => {
    const key = keyKind.case === "mapKey" ? keyKind.value.exprKind : undefined;
    const kind = key?.case === "constExpr" ? key.value.constantKind : undefined;
    if (kind?.case !== "stringValue") throw notSupported("a map with other keys than texts written out", node, around);
    return { key: kind.value, value: compileNode(value, around) };
  });
  return {
    type: members.length === 0 ? TYPE_OF.map : mapOf(anyTypeOf(members.map(({ value }) => value.type))),
    evaluate(situation) {
      const values = members.map(({ key, value }) => [key, value.evaluate(situation)] as const);
      return values.every(([, value]) => value !== FAULT) ? (Object.fromEntries(values) as Value) : FAULT;
    },
  };
}
