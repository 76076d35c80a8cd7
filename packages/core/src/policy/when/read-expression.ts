import type { JsonObject, JsonValue, RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../../action/canonicalize.js";
import { POLICY_LIMITS } from "../../limits.js";
import type { Condition } from "../condition.js";
import type { DocumentNode } from "../document.js";
import { readText } from "../scalars.js";
import { type Truth, truthOf, UNKNOWN } from "../truth.js";
import type { Reading } from "../value-test.js";
import { compileNode } from "./compile-expression.js";
import { ExpressionFault } from "./expression-fault.js";
import { fieldsOf, type SeenField } from "./fields.js";
import { parseExpression } from "./parse-expression.js";
import { type Compiled, truth } from "./surroundings.js";
import { JSON_TYPE, mapOf, TYPE_OF } from "./type.js";
import { Budget, BudgetSpent, FAULT } from "./value.js";

/** Steps that one evaluation may take: some milliseconds. */
const STEPS_MAX = 20_000;

/** What risk rules can name. */
const OF_ACTION: ReadonlyMap<string, Compiled> = new Map<string, Compiled>([
  ["agent_id", { type: TYPE_OF.string, evaluate: ({ action }) => action.agent_id }],
  ["tool", { type: TYPE_OF.string, evaluate: ({ action }) => action.tool }],
  ["operation", { type: TYPE_OF.string, evaluate: ({ action }) => action.operation }],
  ["params", { type: mapOf(JSON_TYPE), evaluate: ({ action }) => action.params }],
  ["context", { type: mapOf(JSON_TYPE), evaluate: ({ action }) => action.context ?? {} }],
]);

/** What rules can name: the level that risk rules came to, too. It has no value where one of them is unknown. */
const OF_RULE: ReadonlyMap<string, Compiled> = new Map([
  ...OF_ACTION,
  ["risk", { type: TYPE_OF.string, evaluate: ({ risk }) => risk ?? FAULT }],
]);

const VARIABLES = { rule: OF_RULE, risk_rule: OF_ACTION };

/**
 * Reads an expression in CEL as a condition. Null after reporting.
 *
 * @param whose - What it is a condition of, which says what it can name.
 */
export function readExpression(node: DocumentNode, whose: keyof typeof VARIABLES, reading: Reading): Condition | null {
  const text = readText(node, "when", POLICY_LIMITS.expressionCharsMax, reading.report);
  if (text === null) return null;
  try {
    return compile(text, node, VARIABLES[whose], reading);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const where = error.offset === null ? "" : ` (at character ${error.offset + 1} of it)`;
    reading.report.error(node, error.code, `the expression cannot be used: ${error.message}${where}`, error.cure);
    return null;
  }
}

function compile(
  text: string,
  node: DocumentNode,
  variables: ReadonlyMap<string, Compiled>,
  { patterns, report }: Reading,
): Condition {
  const { parsed, normalForm } = parseExpression(text);
  const pattern = (source: string): ((text: string) => boolean) | null => patterns.compile(source, node, report);
  const around = { parsed, variables, depth: 0, pattern, compile: compileNode };
  const { evaluate } = truth(parsed.expr, parsed.expr, around);
  const fields = fieldsOf(parsed.expr);
  return {
    path: "when",
    operator: "cel",
    operand: normalForm,
    evaluate: (action, risk) => judge(evaluate, action, risk),
    see: (action) => seenFields(fields, action),
    judge: null,
    ifMissing: null,
    fields: fields.map(({ text }) => text),
    spot: node,
  };
}

/** What has no value is neither true nor false. */
function judge(evaluate: Compiled["evaluate"], action: CanonicalAction, risk: RiskLevel | null): Truth {
  try {
    const value = evaluate({ action, risk, locals: [], budget: new Budget(STEPS_MAX) });
    return typeof value === "boolean" ? truthOf(value) : UNKNOWN;
  } catch (error) {
    if (error instanceof BudgetSpent) return UNKNOWN;
    throw error;
  }
}

/** The values of the fields that the expression names; those that are missing are left out. */
function seenFields(fields: readonly SeenField[], action: CanonicalAction): JsonObject {
  const seen: JsonObject = {};
  for (const { text, source, keys } of fields) {
    let value: JsonValue | undefined = action[source];
    for (const key of keys) value = memberOf(value, key);
    if (value !== undefined) seen[text] = value;
  }
  return seen;
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
