import type { RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../../action/canonicalize.js";
import { ExpressionFault } from "./expression-fault.js";
import type { Node, Parsed } from "./parse-expression.js";
import { mayBe, type Type, typeName } from "./type.js";
import type { Budget, Result, Value } from "./value.js";

/** What an expression is evaluated on. */
export interface Situation {
  readonly action: CanonicalAction;
  /** The level that the risk rules came to; null where they did not come to one. */
  readonly risk: RiskLevel | null;
  /** What the variables of macros stand for, the outermost first. */
  readonly locals: Value[];
  readonly budget: Budget;
}

/** A part of an expression: what it may be, and how to find out what it is. */
export interface Compiled {
  readonly type: Type;
  readonly evaluate: (situation: Situation) => Result;
}

/** What names stand for. */
export interface Variable extends Compiled {}

/** Where a part of an expression stands. */
export interface Surroundings {
  readonly parsed: Parsed;
  readonly variables: ReadonlyMap<string, Variable>;
  /** Of macros around it. */
  readonly depth: number;
  /** Compiles a part of the expression. */
  readonly compile: (node: Node | undefined, around: Surroundings) => Compiled;
  /** Compiles a pattern that is written out, or null after reporting. */
  readonly pattern: (text: string) => ((text: string) => boolean) | null;
}

export function offsetOf(node: Node, { parsed }: Surroundings): number | null {
  return parsed.sourceInfo?.positions[String(node.id)] ?? null;
}

export function notSupported(what: string, node: Node, around: Surroundings): ExpressionFault {
  return new ExpressionFault("unsupported_expression", `${what} is not supported in when`, offsetOf(node, around));
}

/** An operand that must be true or false. */
export function truth(operand: Node | undefined, node: Node, around: Surroundings): Compiled {
  const compiled = around.compile(operand, around);
  if (mayBe(compiled.type, "bool")) return compiled;
  const message = `${typeName(compiled.type)} is neither true nor false`;
  throw new ExpressionFault("wrong_type", message, offsetOf(operand ?? node, around));
}
