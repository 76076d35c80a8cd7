import type { ActionRequest, Effect, JsonObject, JsonValue, Outcome } from "@faramesh/protocol";

/**
 * The policy language once more, straight from its description: no index, no compiling, no caching, one rule after
 * another. Slow and plain, so that it can be compared with what decides.
 */

/** What a naive policy is made of: the same that is written into the document. */
export interface NaiveRule {
  readonly match: JsonObject;
  readonly effect: Effect;
  readonly risk?: Level;
  readonly enabled: boolean;
}

export interface NaiveRiskRule {
  readonly when: JsonObject;
  readonly risk_level: Level;
}

export const LEVELS = ["low", "medium", "high", "critical"] as const;
export type Level = (typeof LEVELS)[number];

type Truth = true | false | "unknown";

const OUTCOME_OF: Readonly<Record<Effect, Outcome>> = { allow: "EXECUTE", require_approval: "ABSTAIN", deny: "HALT" };
const STRICTNESS: readonly Outcome[] = ["EXECUTE", "ABSTAIN", "HALT"];

/** What a policy answers. */
export function naiveOutcome(
  rules: readonly NaiveRule[],
  riskRules: readonly NaiveRiskRule[],
  action: ActionRequest,
): Outcome {
  return answerFrom(rules, 0, riskOf(riskRules, action), action);
}

/** The first that holds gives the level; one that is unknown gives the higher of its own and of what the rest gives. */
function riskOf(riskRules: readonly NaiveRiskRule[], action: ActionRequest): Level {
  const [first, ...rest] = riskRules;
  if (first === undefined) return "low";
  const truth = matches(first.when, action);
  if (truth === true) return first.risk_level;
  return truth === false ? riskOf(rest, action) : higher(first.risk_level, riskOf(rest, action));
}

/** A rule that is unknown gives the stricter of its own effect and of what the rest answers. */
function answerFrom(rules: readonly NaiveRule[], at: number, level: Level, action: ActionRequest): Outcome {
  const rule = rules[at];
  if (rule === undefined) return "HALT";
  const truth = rule.enabled ? matches(rule.match, action) : false;
  if (truth === false) return answerFrom(rules, at + 1, level, action);
  const raised = rule.risk === undefined ? level : higher(level, rule.risk);
  if (truth === true) return upgraded(OUTCOME_OF[rule.effect], raised);
  return stricter(OUTCOME_OF[rule.effect], answerFrom(rules, at + 1, raised, action));
}

function upgraded(outcome: Outcome, level: Level): Outcome {
  return outcome === "EXECUTE" && (level === "high" || level === "critical") ? "ABSTAIN" : outcome;
}

function stricter(left: Outcome, right: Outcome): Outcome {
  return STRICTNESS.indexOf(left) > STRICTNESS.indexOf(right) ? left : right;
}

function higher(left: Level, right: Level): Level {
  return LEVELS.indexOf(left) > LEVELS.indexOf(right) ? left : right;
}

function matches(match: JsonObject, action: ActionRequest): Truth {
  const parts = Object.entries(match).flatMap(([key, wanted]): Truth[] => {
    if (key === "any") return [true];
    if (key === "tool") return [isNamed(wanted, action.tool)];
    if (key === "operation") return [isNamed(wanted, action.operation)];
    if (key === "agent_id") return [isNamed(wanted, action.agent_id)];
    const fields = key === "params" ? action.params : (action.context ?? {});
    return Object.entries(wanted as JsonObject).map(([path, condition]) => judgeAt(fields, path.split("."), condition));
  });
  return and(parts);
}

function isNamed(wanted: JsonValue | undefined, name: string): Truth {
  const globs = (Array.isArray(wanted) ? wanted : [wanted]) as string[];
  return globs.some((glob) => new RegExp(`^${glob.split("*").map(escaped).join("[^]*")}$`).test(name));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function judgeAt(fields: JsonObject, path: readonly string[], condition: JsonValue | undefined): Truth {
  let value: JsonValue | undefined = fields;
  for (const step of path) {
    if (value !== undefined && !isMap(value)) return "unknown";
    value = value !== undefined && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return judge(value, condition as JsonValue);
}

function judge(value: JsonValue | undefined, condition: JsonValue): Truth {
  if (!isMap(condition)) return value !== undefined && isSame(value, condition);
  return and(Object.entries(condition).map(([operator, operand]) => apply(operator, operand as JsonValue, value)));
}

function apply(operator: string, operand: JsonValue, value: JsonValue | undefined): Truth {
  if (operator === "exists") return (value !== undefined) === operand;
  if (operator === "not") return negated(judge(value, operand));
  if (operator === "all" && Array.isArray(operand)) return and(operand.map((each) => judge(value, each)));
  if (operator === "any" && Array.isArray(operand)) return or(operand.map((each) => judge(value, each)));
  if (value === undefined) return false;
  const list = Array.isArray(operand) ? operand : [operand];
  const texts = list.filter((each) => typeof each === "string");
  switch (operator) {
    case "eq":
      return isSame(value, operand);
    case "ne":
      return !isSame(value, operand);
    case "in":
      return list.some((each) => isSame(value, each));
    case "not_in":
      return !list.some((each) => isSame(value, each));
    case "none":
      return Array.isArray(operand)
        ? negated(or(operand.map((each) => judge(value, each))))
        : ofItems(value, operand, (truths) => negated(or(truths)));
    case "all":
      return ofItems(value, operand, and);
    case "any":
      return ofItems(value, operand, or);
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return ordered(operator, value, operand);
    case "contains":
      if (Array.isArray(value)) return value.some((item) => isSame(item, operand));
      return typeof value === "string" && typeof operand === "string" ? value.includes(operand) : "unknown";
    case "starts_with":
      return typeof value === "string" ? texts.some((each) => value.startsWith(each)) : "unknown";
    case "ends_with":
      return typeof value === "string" ? texts.some((each) => value.endsWith(each)) : "unknown";
    case "pattern":
      return typeof value === "string" ? texts.some((each) => new RegExp(each, "u").test(value)) : "unknown";
    case "type":
      return list.some((each) => typeOf(value) === each || (each === "number" && typeOf(value) === "integer"));
    default:
      throw new Error(`${operator} is not known here`);
  }
}

function ofItems(value: JsonValue, condition: JsonValue, join: (truths: readonly Truth[]) => Truth): Truth {
  return Array.isArray(value) ? join(value.map((item) => judge(item, condition))) : "unknown";
}

/** Texts that are plain decimals count as numbers; here all of them are small enough for a double to tell apart. */
function ordered(operator: string, value: JsonValue, bound: JsonValue): Truth {
  const isNumber = typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value));
  if (!isNumber) return "unknown";
  const difference = Number(value) - Number(bound);
  if (operator === "gt") return difference > 0;
  if (operator === "gte") return difference >= 0;
  return operator === "lt" ? difference < 0 : difference <= 0;
}

function typeOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function isMap(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(left: JsonValue, right: JsonValue): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function and(truths: readonly Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes("unknown") ? "unknown" : true;
}

function or(truths: readonly Truth[]): Truth {
  return negated(and(truths.map(negated)));
}

function negated(truth: Truth): Truth {
  return truth === "unknown" ? truth : !truth;
}
