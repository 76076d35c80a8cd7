import { RISK_LEVELS, type RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { RiskRule } from "../policy/risk-rule.js";
import { FALSE, TRUE } from "../policy/truth.js";
import { matchTruth } from "./first-match.js";

/** The level of the first risk rule that matches, low where none does; null where one before it cannot be judged. */
export function knownRisk(riskRules: readonly RiskRule[], action: CanonicalAction): RiskLevel | null {
  for (const rule of riskRules) {
    const truth = matchTruth(rule, action, null);
    if (truth !== FALSE) return truth === TRUE ? rule.level : null;
  }
  return "low";
}

/** A risk level, and the risk rules that could not be judged on the way to it. */
export interface UnclearRisk {
  readonly level: RiskLevel;
  readonly unknown: readonly RiskRule[];
}

/** As {@link knownRisk}, but a rule that cannot be judged counts with the higher of its level and of what the rest gives. */
export function highestRisk(riskRules: readonly RiskRule[], action: CanonicalAction): UnclearRisk {
  let level: RiskLevel = "low";
  const unknown: RiskRule[] = [];
  for (const rule of riskRules) {
    const truth = matchTruth(rule, action, null);
    if (truth === FALSE) continue;
    level = higher(level, rule.level);
    if (truth === TRUE) break;
    unknown.push(rule);
  }
  return { level, unknown };
}

/** The higher of two risk levels; a rule without one raises nothing. */
export function higher(level: RiskLevel, other: RiskLevel | null): RiskLevel {
  if (other === null || other === level) return level;
  return RISK_LEVELS.indexOf(level) >= RISK_LEVELS.indexOf(other) ? level : other;
}

/** Whether the level is too high for anything to be allowed without a person. */
export function needsPerson(level: RiskLevel): boolean {
  return level === "high" || level === "critical";
}
