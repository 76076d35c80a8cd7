import type { ToolSchema } from "../../tool-schema/tool-schema.js";
import type { Condition } from "../condition.js";
import { mayShareName } from "../names.js";
import type { Report } from "../report.js";
import type { Rule } from "../rule.js";
import { RuleIndex } from "../rule-index.js";
import { FALSE, TRUE } from "../truth.js";
import { isRequired } from "./against-tools.js";
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
    if (rule.effect === "allow") continue;
    const later = laterRules(rule, answering, index);
    const bypasses = pathsThatMustExist(rule.conditions).flatMap((path) => bypassesOf(rule, path, later, tools));
    const [first] = bypasses.filter(({ isKnown }) => isKnown).concat(bypasses);
    if (first === undefined) continue;
    const alike = bypasses.filter(({ by, isKnown }) => by === first.by && isKnown === first.isKnown);
    const path = alike.map((bypass) => bypass.path).join(" or ");
    const message = `rule ${rule.id} does not see an action without ${path}, and ${first.by.id} then allows it`;
    const cure = `add a rule before ${first.by.id} for ${path} exists: false`;
    if (first.isKnown) report.error(rule.spot, "omittable_param", message, cure);
    else report.warning(rule.spot, "bypass_by_omission", message, cure);
  }
}

/** A way past a rule: leaving out one param. */
interface Bypass {
  readonly path: string;
  /** The rule that then allows. */
  readonly by: Rule;
  /** Whether the tools are known to do without the param. */
  readonly isKnown: boolean;
}

function bypassesOf(rule: Rule, path: string, later: readonly Rule[], tools: readonly ToolSchema[]): Bypass[] {
  const by = findBypass(rule, path, later);
  const isNeeded = by === undefined ? null : isRequired(rule, path, tools);
  return by === undefined || isNeeded === true ? [] : [{ path, by, isKnown: isNeeded === false }];
}

/** Fields of which a missing one keeps the conditions from holding. */
function pathsThatMustExist(conditions: readonly Condition[]): string[] {
  const paths = conditions.filter(needsField).map((condition) => condition.path);
  return [...new Set(paths)];
}

function needsField({ ifMissing }: Condition): boolean {
  return ifMissing === FALSE;
}

function laterRules(rule: Rule, all: readonly Rule[], index: RuleIndex<Rule>): readonly Rule[] {
  const { tools, operations } = rule.scope;
  const [tool, moreTools] = tools.exact ?? [];
  const [operation, moreOperations] = operations.exact ?? [];
  const single = moreTools === undefined && moreOperations === undefined;
  if (!single || tool === undefined || operation === undefined) return all;
  return index.select(tool, operation);
}

function findBypass(rule: Rule, path: string, rules: readonly Rule[]): Rule | undefined {
  for (const later of rules) {
    if (later.order <= rule.order || !mayMeet(later, rule)) continue;
    const asksForIt = later.conditions.some((condition) => needsField(condition) && condition.path === path);
    if (later.effect === "allow" && !asksForIt) return later;
    if (later.effect !== "allow" && covers(later, rule) && answersOmission(later, path)) return undefined;
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

/** Whether a rule answers every action in its scope that lacks the field. */
function answersOmission(rule: Rule, path: string): boolean {
  return mayAnswerOmission(rule) && rule.conditions.every((condition) => condition.path === path);
}

/** Whether it answers every action in its scope that lacks the fields of its conditions. */
function mayAnswerOmission({ conditions }: Rule): boolean {
  return conditions.every(({ ifMissing }) => ifMissing === TRUE);
}
