import { POLICY_LIMITS } from "../../limits.js";
import { kindOf } from "../closed-map.js";
import type { DocumentNode } from "../document.js";
import { compileGlob } from "../glob.js";
import { jsonEquals } from "../json-equals.js";
import { jsonOf, readTexts } from "../scalars.js";
import { FALSE, truthOf, UNKNOWN } from "../truth.js";
import type { OperatorReader, Reading } from "../value-test.js";

/** `contains`: a text within a text, or an item within a list. Other values cannot be judged. */
export const readContains: OperatorReader = (operator, node, { report }) => {
  const wanted = jsonOf(node);
  if (wanted === "") {
    report.error(
      node,
      "empty",
      "contains must not be empty: every text contains nothing",
      "write exists: true for a field that is there",
    );
    return null;
  }
  if (Array.isArray(wanted)) {
    const cure = "write any: [{ contains: a }, { contains: b }], or starts_with, glob or pattern with the list";
    report.error(node, "wrong_type", "contains takes one text or item, not a list", cure);
    return null;
  }
  return {
    operator,
    operand: wanted,
    judge: (value) => {
      if (value === undefined) return FALSE;
      if (Array.isArray(value)) return truthOf(value.some((item) => jsonEquals(item, wanted)));
      return typeof value === "string" && typeof wanted === "string" ? truthOf(value.includes(wanted)) : UNKNOWN;
    },
  };
};

/** Whether a text meets one of an operator's operands. */
export type TextTest = (text: string) => boolean;

/** `starts_with`, `ends_with`, `glob`, `pattern`: one operand or several, of which any may hold. Texts only. */
export const readTextTest: OperatorReader = (operator, node, reading) => {
  const read = readTextOperands(operator, node, reading);
  if (read === null) return null;
  const { operand, test } = read;
  return {
    operator,
    operand,
    judge: (value) => (value === undefined ? FALSE : typeof value === "string" ? truthOf(test(value)) : UNKNOWN),
  };
};

/** Reads the operands of a test on text. Null after reporting. */
export function readTextOperands(
  operator: string,
  node: DocumentNode,
  reading: Reading,
): { operand: string | string[]; test: TextTest } | null {
  const wanted = readTexts(node, operator, POLICY_LIMITS.operandCharsMax, reading.report);
  if (wanted === null) return null;
  const tests = wanted.map((text, index) => compileText(operator, text, itemNode(node, index), reading));
  if (!tests.every((test) => test !== null)) return null;
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return { operand: wanted[0] ?? "", test: only };
  return { operand: wanted, test: (text) => tests.some((test) => test(text)) };
}

function itemNode(node: DocumentNode, index: number): DocumentNode {
  return node.kind === "list" ? (node.items[index] ?? node) : node;
}

function compileText(operator: string, wanted: string, node: DocumentNode, reading: Reading): TextTest | null {
  switch (operator) {
    case "contains":
      return (text) => text.includes(wanted);
    case "starts_with":
      return (text) => text.startsWith(wanted);
    case "ends_with":
      return (text) => text.endsWith(wanted);
    case "glob":
      return compileGlob(wanted);
    case "pattern":
      return reading.patterns.compile(wanted, node, reading.report);
    default:
      reading.report.error(node, "wrong_type", `${operator} does not test ${kindOf(node)}`, `write ${operator}: text`);
      return null;
  }
}
