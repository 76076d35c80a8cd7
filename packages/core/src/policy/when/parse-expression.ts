import { createRequire } from "node:module";
import type { parse, unparse } from "@bufbuild/cel";
import { ExpressionFault } from "./expression-fault.js";

/** An expression as the parser of CEL gives it: its tree, where its nodes stand, and which macros it expanded. */
export type Parsed = ReturnType<typeof parse>;
export type Node = Parsed["expr"];

/** Nesting of brackets and signs, which the parser follows on the stack. */
const NESTING_MAX = 40;

const loadLibrary = createRequire(import.meta.url);

/**
 * Parses an expression of CEL, and writes it in the one way that all expressions with its tree are written in. The library is loaded when the first one comes: that takes longer than starting without.
 *
 * @throws ExpressionFault
 */
export function parseExpression(text: string): { parsed: Parsed; normalForm: string } {
  assertShallow(text);
  const library = loadLibrary("@bufbuild/cel") as { parse: typeof parse; unparse: typeof unparse };
  try {
    const parsed = library.parse(text);
    return { parsed, normalForm: library.unparse(parsed) };
  } catch (error) {
    const { rawMessage, location } = error as { rawMessage?: unknown; location?: { start?: { offset?: unknown } } };
    if (typeof rawMessage !== "string") throw error;
    const offset = location?.start?.offset;
    throw new ExpressionFault("invalid_expression", rawMessage, typeof offset === "number" ? offset : null);
  }
}

function assertShallow(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "(" || character === "[" || character === "{") depth++;
    else if (character === ")" || character === "]" || character === "}") depth--;
    if (depth > NESTING_MAX) throw new ExpressionFault("too_large", `it nests deeper than ${NESTING_MAX} brackets`, at);
  }
}
