import type { Report } from "../report.js";
import type { Rule } from "../rule.js";

/** Two rules with one id could not be told apart in a decision or in the ledger. */
export function checkDuplicateIds(rules: readonly Rule[], report: Report): void {
  const first = new Map<string, Rule>();
  for (const rule of rules) {
    const earlier = first.get(rule.id);
    if (earlier === undefined) first.set(rule.id, rule);
    else
      report.error(
        rule.spot,
        "duplicate_id",
        `${rule.id} is also the id of the rule at line ${lineOf(earlier, report)}`,
        "give it a name of its own",
      );
  }
}

function lineOf(rule: Rule, report: Report): number {
  return report.lineOf(rule.spot.offset);
}
