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
 * Parses an expression of CEL, and writes it in a form that expressions of another meaning do not have. The library is loaded when the first one comes: that takes longer than starting without.
 *
 * @throws ExpressionFault
 */
export function parseExpression(text: string): { parsed: Parsed; normalForm: string } {
  assertShallow(text);
  const library = loadLibrary("@bufbuild/cel") as { parse: typeof parse; unparse: typeof unparse };
  try {
    const parsed = library.parse(text);
    const written = library.unparse(parsed);
    // Where the library writes another tree than it read, two meanings would share one form: such a text stands as it is.
    return { parsed, normalForm: treeOf(library.parse(written)) === treeOf(parsed) ? written : text };
  } catch (error) {
    const { rawMessage, location } = error as { rawMessage?: unknown; location?: { start?: { offset?: unknown } } };
    if (typeof rawMessage !== "string") throw error;
    const offset = location?.start?.offset;
    throw new ExpressionFault("invalid_expression", rawMessage, typeof offset === "number" ? offset : null);
  }
}

/** What an expression means, whatever its spacing: its tree without the numbers of its nodes. */
function treeOf({ expr }: Parsed): string {
  return JSON.stringify(expr, (key, value: unknown) => {
    if (key === "id") return undefined;
    return typeof value === "bigint" ? `${value}n` : value;
  });
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
