import type { JsonValue } from "@faramesh/protocol";
import type { DocumentNode } from "../document.js";
import { FALSE, negate, TRUE, type Truth, UNKNOWN } from "../truth.js";
import { type Judge, judgeAll, judgeAny, type OperatorReader, type Reading, type ValueTest } from "../value-test.js";

/** `not`: the condition does not hold. A missing field meets it where it does not meet the condition. */
export const readNot: OperatorReader = (operator, node, reading) => {
  const inner = readOne(node, reading);
  if (inner === null) return null;
  return { operator, operand: inner.operand, judge: (value) => negate(inner.judge(value)) };
};

/**
 * `all`, `any`, `none`. With a list: how many of its conditions the value meets. With one condition: how many items
 * of the value, a list, meet it.
 */
export const readCombination: OperatorReader = (operator, node, reading) => {
  if (node.kind !== "list") return readQuantifier(operator, node, reading);
  if (node.items.length === 0) {
    reading.report.error(
      node,
      "empty",
      `${operator} must not be an empty list`,
      `write ${operator}: [{ gt: 0 }, { lt: 10 }]`,
    );
    return null;
  }
  const conditions = node.items.map((item) => readOne(item, reading));
  if (!conditions.every((condition) => condition !== null)) return null;
  const operand = conditions.map((condition) => condition.operand);
  return { operator, operand, judge: combinationJudge(operator, conditions) };
};

function combinationJudge(operator: string, conditions: readonly Condition[]): Judge {
  if (operator === "all") return judgeAll(conditions);
  const any = judgeAny(conditions.map((condition) => condition.judge));
  if (operator === "any") return any;
  return (value) => (value === undefined ? FALSE : negate(any(value)));
}

function readQuantifier(operator: string, node: DocumentNode, reading: Reading): ValueTest | null {
  const condition = readOne(node, reading);
  if (condition === null) return null;
  const { judge, operand } = condition;
  return { operator, operand, judge: (value) => (value === undefined ? FALSE : judgeItems(operator, value, judge)) };
}

function judgeItems(operator: string, value: JsonValue, judge: Judge): Truth {
  if (!Array.isArray(value)) return UNKNOWN;
  const truths = value.map(judge);
  const any = truths.reduce<Truth>((most, truth) => (truth > most ? truth : most), FALSE);
  if (operator === "any") return any;
  if (operator === "none") return negate(any);
  return truths.reduce<Truth>((least, truth) => (truth < least ? truth : least), TRUE);
}

interface Condition {
  readonly operand: JsonValue;
  readonly judge: Judge;
}

/** A condition inside a condition, as one. */
function readOne(node: DocumentNode, reading: Reading): Condition | null {
  const tests = reading.readCondition(node, reading);
  return tests === null ? null : { operand: operandOf(tests), judge: judgeAll(tests) };
}

function operandOf(tests: readonly ValueTest[]): JsonValue {
  return Object.fromEntries(tests.map((test) => [test.operator, test.operand]));
}
