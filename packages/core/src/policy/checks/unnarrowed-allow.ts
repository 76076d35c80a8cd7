import { ANY_NAME } from "../names.js";
import type { Report } from "../report.js";
import type { Rule } from "../rule.js";

/** An allow rule without tool, operation, agent and condition turns "deny by default" into "allow by default". */
export function checkUnnarrowedAllow(rules: readonly Rule[], report: Report): void {
  for (const { id, effect, enabled, scope, conditions, spot } of rules) {
    const isWide = scope.tools === ANY_NAME && scope.operations === ANY_NAME && scope.agents === ANY_NAME;
    if (effect !== "allow" || !enabled || !isWide || conditions.length > 0) continue;
    const cure = "name the tools and operations it is for";
    report.warning(spot, "unnarrowed_allow", `rule ${id} allows everything that no earlier rule answers`, cure);
  }
}
