import { coversNames } from "../names.js";
import type { Report } from "../report.js";
import type { Rule } from "../rule.js";
import { RuleIndex } from "../rule-index.js";

/** A rule behind one that has no conditions and is for everything that it is for is never reached. */
export function checkShadowed(rules: readonly Rule[], report: Report): void {
  const enabled = rules.filter((rule) => rule.enabled);
  const unconditional = new RuleIndex(enabled.filter((rule) => rule.conditions.length === 0));
  for (const rule of enabled) {
    const shadow = candidatesFor(rule, unconditional).find(
      (earlier) => earlier.order < rule.order && covers(earlier, rule),
    );
    if (shadow === undefined) continue;
    const message = `rule ${rule.id} is never reached: ${shadow.id} at line ${report.lineOf(shadow.spot.offset)} answers first`;
    report.warning(rule.spot, "shadowed", message, "move it up, or remove it");
  }
}

/** Whatever covers a rule is for each of its names, a glob taken as a name included; so one pair finds it. */
function candidatesFor({ scope }: Rule, index: RuleIndex<Rule>): readonly Rule[] {
  return index.select(scope.tools.listed[0] ?? "*", scope.operations.listed[0] ?? "*");
}

/** Whether every action that one rule is for is one that the other is for, conditions aside. */
export function covers(wide: Rule, narrow: Rule): boolean {
  return (
    coversNames(wide.scope.tools, narrow.scope.tools) &&
    coversNames(wide.scope.operations, narrow.scope.operations) &&
    coversNames(wide.scope.agents, narrow.scope.agents)
  );
}
