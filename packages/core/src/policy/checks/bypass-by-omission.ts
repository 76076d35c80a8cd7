import type { ToolSchema } from "../../tool-schema/tool-schema.js";
import type { Condition } from "../condition.js";
import { mayShareName } from "../names.js";
import type { Report } from "../report.js";
import type { Rule } from "../rule.js";
import { RuleIndex } from "../rule-index.js";
import { FALSE, TRUE } from "../truth.js";
import { areRequired } from "./against-tools.js";
import { covers } from "./shadowed.js";

/**
 * A protective rule on a param, behind which a rule allows the same tool and operation without that param: an agent
 * that leaves the param out gets past it. Where the tool asks for it always there is no such action; where it is known
 * not to, this is an error.
 */
export function checkBypassByOmission(rules: readonly Rule[], tools: readonly ToolSchema[], report: Report): void {
  const enabled = rules.filter((rule) => rule.enabled);
  // The others are behind no protective rule what its omission comes to.
  const answering = enabled.filter((rule) => rule.effect === "allow" || mayAnswerOmission(rule));
  const index = new RuleIndex(answering);
  for (const rule of enabled) {
    const paths = rule.effect === "allow" ? [] : pathsThatMustExist(rule.conditions);
    if (paths.length === 0) continue;
    const bypass = findBypass(rule, paths, laterRules(rule, answering, index));
    if (bypass === undefined) continue;
    const path = paths.join(", ");
    const message = `rule ${rule.id} does not see an action without ${path}, and ${bypass.id} then allows it`;
    const cure = `add a rule before ${bypass.id} for ${path} exists: false`;
    const isRequired = areRequired(rule, paths, tools);
    if (isRequired === null) report.warning(rule.spot, "bypass_by_omission", message, cure);
    else if (!isRequired) report.error(rule.spot, "omittable_param", message, cure);
  }
}

/** Fields of which a missing one keeps the conditions from holding. */
function pathsThatMustExist(conditions: readonly Condition[]): string[] {
  const paths = conditions.filter(needsField).map((condition) => condition.path);
  return [...new Set(paths)];
}

function needsField(condition: Condition): boolean {
  return condition.judge !== null && condition.judge(undefined) === FALSE;
}

function laterRules(rule: Rule, all: readonly Rule[], index: RuleIndex<Rule>): readonly Rule[] {
  const { tools, operations } = rule.scope;
  const [tool, moreTools] = tools.exact ?? [];
  const [operation, moreOperations] = operations.exact ?? [];
  const single = moreTools === undefined && moreOperations === undefined;
  if (!single || tool === undefined || operation === undefined) return all;
  return index.select(tool, operation);
}

function findBypass(rule: Rule, paths: readonly string[], rules: readonly Rule[]): Rule | undefined {
  for (const later of rules) {
    if (later.order <= rule.order || !mayMeet(later, rule)) continue;
    const asksForOne = later.conditions.some((condition) => needsField(condition) && paths.includes(condition.path));
    if (later.effect === "allow" && !asksForOne) return later;
    if (later.effect !== "allow" && covers(later, rule) && answersOmission(later, paths)) return undefined;
  }
  return undefined;
}

function mayMeet(left: Rule, right: Rule): boolean {
  return (
    mayShareName(left.scope.tools, right.scope.tools) &&
    mayShareName(left.scope.operations, right.scope.operations) &&
    mayShareName(left.scope.agents, right.scope.agents)
  );
}

/** Whether a rule answers every action in its scope that lacks the fields. */
function answersOmission(rule: Rule, paths: readonly string[]): boolean {
  return mayAnswerOmission(rule) && rule.conditions.every(({ path }) => paths.includes(path));
}

/** Whether it answers every action in its scope that lacks the fields of its conditions. */
function mayAnswerOmission({ conditions }: Rule): boolean {
  return conditions.every(({ judge }) => judge !== null && judge(undefined) === TRUE);
}
