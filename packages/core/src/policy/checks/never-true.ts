import type { JsonValue } from "@faramesh/protocol";
import type { Condition } from "../condition.js";
import type { Match } from "../match.js";
import type { Report } from "../report.js";
import { FALSE } from "../truth.js";

/** Conditions on one field that contradict each other: the rule would load, read well, and never match. */
export function checkNeverTrue(matches: readonly Match[], report: Report): void {
  for (const { conditions } of matches) {
    for (const ofField of byField(conditions)) {
      const culprit = contradiction(ofField);
      if (culprit === undefined) continue;
      const all = ofField.map(({ operator, operand }) => `${operator} ${JSON.stringify(operand)}`).join(" and ");
      report.error(
        culprit.spot,
        "never_true",
        `${culprit.path} can never be ${all}`,
        "leave one of them, or write two rules",
      );
    }
  }
}

function byField(conditions: readonly Condition[]): Condition[][] {
  const fields = new Map<string, Condition[]>();
  for (const condition of conditions) {
    if (condition.judge === null) continue;
    const known = fields.get(condition.path);
    if (known === undefined) fields.set(condition.path, [condition]);
    else known.push(condition);
  }
  return [...fields.values()].filter((ofField) => ofField.length > 1);
}

function contradiction(conditions: readonly Condition[]): Condition | undefined {
  const values = conditions.flatMap(onlyValues);
  if (values.length > 0) return values.every((each) => isRefused(each, conditions)) ? conditions[0] : undefined;
  return emptyRange(conditions);
}

/** The values a condition leaves, where they are few: of `eq`, of `in`, and of `exists: false` the missing one. */
function onlyValues({ operator, operand }: Condition): { value: JsonValue | undefined }[] {
  if (operator === "eq") return [{ value: operand }];
  if (operator === "in" && Array.isArray(operand)) return operand.map((value) => ({ value }));
  return operator === "exists" && operand === false ? [{ value: undefined }] : [];
}

function isRefused({ value }: { value: JsonValue | undefined }, conditions: readonly Condition[]): boolean {
  return conditions.some(({ judge }) => judge !== null && judge(value) === FALSE);
}

const LOWER = ["gt", "gte"];
const UPPER = ["lt", "lte"];

/** A lower bound above an upper one, or at it where one of them is strict: then one bound refuses the other. */
function emptyRange(conditions: readonly Condition[]): Condition | undefined {
  for (const lower of conditions.filter(({ operator }) => LOWER.includes(operator))) {
    for (const upper of conditions.filter(({ operator }) => UPPER.includes(operator))) {
      const isApart = upper.judge?.(lower.operand) === FALSE || lower.judge?.(upper.operand) === FALSE;
      if (isApart) return upper;
    }
  }
  return undefined;
}
