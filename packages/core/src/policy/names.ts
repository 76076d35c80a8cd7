import { POLICY_LIMITS } from "../limits.js";
import type { DocumentNode } from "./document.js";
import { compileGlob, isGlob } from "./glob.js";
import type { Report } from "./report.js";
import { readName } from "./scalars.js";

/** Which names a rule is for: exact names and globs, any of which may match. */
export interface Names {
  /** As written, sorted, each once. Empty means any name. */
  readonly listed: readonly string[];
  /** The names, where all are exact; null where a glob is among them, or any name will do. */
  readonly exact: readonly string[] | null;
  readonly matches: (name: string) => boolean;
}

/** Every name. */
export const ANY_NAME: Names = { listed: [], exact: null, matches: () => true };

/** Reads a name, a glob or a list of them. Null after reporting. */
export function readNames(node: DocumentNode, what: string, report: Report): Names | null {
  const nodes = node.kind === "list" ? node.items : [node];
  if (nodes.length === 0) {
    report.error(
      node,
      "empty",
      `${what} must not be an empty list: it would match nothing`,
      `leave ${what} out for any`,
    );
    return null;
  }
  if (nodes.length > POLICY_LIMITS.namesMax) {
    const message = `${what} lists ${nodes.length} names, more than ${POLICY_LIMITS.namesMax}`;
    report.error(node, "too_large", message, "take a glob, or several rules");
    return null;
  }
  const names = nodes.map((item) => readName(item, what, POLICY_LIMITS.nameCharsMax, report));
  if (!names.every((name) => name !== null)) return null;
  if (names.filter(isGlob).length <= POLICY_LIMITS.globsMax) return compileNames(names);
  report.error(node, "too_large", `${what} lists more than ${POLICY_LIMITS.globsMax} globs`, "take wider ones");
  return null;
}

function compileNames(names: readonly string[]): Names {
  const listed = [...new Set(names)].sort();
  if (listed.some((name) => /^\*+$/.test(name))) return ANY_NAME;
  const [only] = listed;
  if (!listed.some(isGlob)) {
    const set = new Set(listed);
    return { listed, exact: listed, matches: (name) => (set.size === 1 ? name === only : set.has(name)) };
  }
  const tests = listed.map(compileGlob);
  return { listed, exact: null, matches: (name) => tests.some((test) => test(name)) };
}

/** Whether every name that `narrow` is for is one that `wide` is for. A false "no" is possible, a false "yes" is not. */
export function coversNames(wide: Names, narrow: Names): boolean {
  if (wide === ANY_NAME) return true;
  return narrow !== ANY_NAME && narrow.listed.every((name) => coversName(wide, name));
}

// A glob is covered where it is listed itself; taken as a name it is also matched by any glob that is wider than it,
// because what its own * stands for is then within what the wider * stands for.
function coversName(wide: Names, name: string): boolean {
  return wide.listed.includes(name) || wide.matches(name);
}

/** Whether some name may be one for both. A false "yes" is possible, a false "no" is not. */
export function mayShareName(left: Names, right: Names): boolean {
  if (left.exact !== null) return left.exact.some((name) => right.matches(name));
  return right.exact === null || right.exact.some((name) => left.matches(name));
}
