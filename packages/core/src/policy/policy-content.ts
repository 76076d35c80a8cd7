import type { JsonObject } from "@faramesh/protocol";
import type { PolicyCase } from "./cases/policy-case.js";
import { ANY_NAME, type Names } from "./names.js";
import type { Profile } from "./profile.js";
import type { RiskRule } from "./risk-rule.js";
import type { Rule } from "./rule.js";

/** Everything a document says, what its packs bring included, each rule compiled. */
export interface PolicyContent {
  readonly name: string | null;
  /** The agents it is for. */
  readonly appliesTo: Names;
  readonly profiles: readonly Profile[];
  /** Its own rules, and behind them those of its packs. */
  readonly rules: readonly Rule[];
  readonly riskRules: readonly RiskRule[];
  /** The names of its packs, in order. */
  readonly packs: readonly string[];
  readonly cases: readonly PolicyCase[];
}

/** The content in its normal form: what the policy's hash is taken over. Tests are not part of what it means. */
export function policyContent({ name, appliesTo, profiles, rules, riskRules }: PolicyContent): JsonObject {
  return {
    version: 1,
    ...(name !== null && { name }),
    ...(appliesTo !== ANY_NAME && { applies_to: [...appliesTo.listed] }),
    ...(profiles.length > 0 && { profiles: profiles.map((profile) => profile.content) }),
    rules: rules.map((rule) => rule.content),
    risk: riskRules.map((rule) => rule.content),
  };
}
