import type { RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Match } from "../policy/match.js";
import type { Rule } from "../policy/rule.js";
import { FALSE, TRUE, type Truth } from "../policy/truth.js";

/** Some rule before the answer could not be judged. */
export const UNCLEAR = "unclear";

/** The first rule that matches, null where none does. Rules are those selected by tool and operation, in order. */
export function firstMatch(
  rules: readonly Rule[],
  action: CanonicalAction,
  risk: RiskLevel,
): Rule | null | typeof UNCLEAR {
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index];
    if (rule === undefined) break;
    const truth = matchTruth(rule, action, risk);
    if (truth === TRUE) return rule;
    if (truth !== FALSE) return UNCLEAR;
  }
  return null;
}

/**
 * Whether a rule that was selected by tool and operation matches an action. The conditions are joined by Kleene's
 * "and": one that is false decides, whatever the others are.
 *
 * @param risk - The level that the risk rules came to; null where it is not known, or does not count.
 */
export function matchTruth({ scope, conditions }: Match, action: CanonicalAction, risk: RiskLevel | null): Truth {
  if (scope.agents.listed.length > 0 && !scope.agents.matches(action.agent_id)) return FALSE;
  let truth: Truth = TRUE;
  for (let index = 0; index < conditions.length; index++) {
    const each = conditions[index]?.evaluate(action, risk) ?? FALSE;
    if (each === FALSE) return FALSE;
    if (each < truth) truth = each;
  }
  return truth;
}
