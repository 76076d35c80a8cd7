import type { RuleSummary } from "../policy.js";

/** Before every key in a text that is handed over: objects keep their keys in order, except those of digits alone. */
export const KEY_MARK = ":";

/** A rule as it is handed over: its text in JSON, and what only the whole document knows of it. */
export interface PackedRule {
  readonly source: string;
  /** Its place in the policy, and in the document that it stands in. */
  readonly order: number;
  readonly ownOrder: number;
  /** The pack that brought it. */
  readonly pack: string | null;
  readonly summary: RuleSummary;
}

/** The same of a risk rule. */
export type PackedRiskRule = Omit<PackedRule, "summary">;

/**
 * A policy that was loaded elsewhere, in another thread, as plain values: so that whoever decides by it can take it up a
 * little at a time.
 */
export interface PackedPolicy {
  readonly id: string;
  readonly hash: string;
  readonly appliesTo: readonly string[];
  readonly packs: readonly string[];
  /** Each in JSON. */
  readonly profiles: readonly string[];
  readonly riskRules: readonly PackedRiskRule[];
  readonly rules: readonly PackedRule[];
}
