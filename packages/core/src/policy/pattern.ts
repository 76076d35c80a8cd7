import { RE2JS, RE2JSException, RE2JSSyntaxException } from "re2js";
import { POLICY_LIMITS } from "../limits.js";
import { type Automaton, compileAutomaton } from "./automaton.js";
import type { DocumentNode } from "./document.js";
import type { Report } from "./report.js";

type TextTest = (text: string) => boolean;

/** Compiles the patterns of one document, equal ones once. */
export class PatternCompiler {
  readonly #compiled = new Map<string, TextTest>();
  #transitions = 0;

  /**
   * Compiles a pattern in RE2 syntax: no backreference, no look-around. It is found anywhere in a text unless anchored.
   *
   * @returns null after reporting that the pattern is not RE2, too long or too costly. A pattern that does not compile
   *   never becomes one that does not match.
   */
  compile(pattern: string, node: DocumentNode, report: Report): TextTest | null {
    const known = this.#compiled.get(pattern);
    if (known !== undefined) return known;
    if (this.#transitions > POLICY_LIMITS.transitionsMax) {
      report.error(node, "too_large", "the patterns before it need all the states that a policy may have", CHEAPER);
      return null;
    }
    const compiled = compile(pattern, node, report);
    if (compiled === null) return null;
    this.#transitions += compiled.transitions;
    this.#compiled.set(pattern, compiled.search);
    return compiled.search;
  }
}

function compile(pattern: string, node: DocumentNode, report: Report): Automaton | null {
  if (pattern.length > POLICY_LIMITS.patternCharsMax) {
    const message = `the pattern has ${pattern.length} characters, more than ${POLICY_LIMITS.patternCharsMax}`;
    report.error(node, "invalid_pattern", message, "write several shorter ones as a list");
    return null;
  }
  try {
    const automaton = compileAutomaton(RE2JS.compile(pattern));
    if (automaton !== null) return automaton;
    report.error(
      node,
      "invalid_pattern",
      "the pattern needs too many states to be searched for in linear time",
      CHEAPER,
    );
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    report.error(
      node,
      "invalid_pattern",
      faultOf(pattern, error),
      "write it in RE2 syntax, without look-around and backreference",
    );
  }
  return null;
}

/** A pattern that is RE2, short enough, and searched for in linear time; null for any other. */
export function compilePattern(pattern: string): TextTest | null {
  if (pattern.length > POLICY_LIMITS.patternCharsMax) return null;
  try {
    return compileAutomaton(RE2JS.compile(pattern))?.search ?? null;
  } catch (error) {
    if (error instanceof RE2JSException) return null;
    throw error;
  }
}

const CHEAPER = "write * or + instead of large counts such as .{0,100}";

function faultOf(pattern: string, error: RE2JSException): string {
  if (!(error instanceof RE2JSSyntaxException)) return `the pattern does not compile: ${error.message}`;
  const fragment = error.getPattern();
  const index = fragment === null ? pattern.length - 1 : pattern.indexOf(fragment);
  const where = index < 0 ? "" : ` at character ${index + 1}`;
  const what = fragment === null ? "" : `: ${fragment}`;
  return `the pattern has a fault${where}: ${error.getDescription()}${what}`;
}
