import type { Policy } from "../policy.js";
import type { PolicyContent } from "../policy-content.js";
import { diffItems, type Item, type ItemChange } from "./diff-items.js";

/** What differs between two policies in what they mean; formatting, comments and tests do not count. */
export interface PolicyDiff {
  /** Whether nothing differs, so that both have one hash. */
  readonly same: boolean;
  readonly name: { readonly before: string; readonly after: string } | null;
  /** The agents that they are for, where that differs; empty lists stand for every agent. */
  readonly applies_to: { readonly before: readonly string[]; readonly after: readonly string[] } | null;
  /** The packs that they are built on, where that differs. What packs bring is among the rules. */
  readonly packs: { readonly before: readonly string[]; readonly after: readonly string[] } | null;
  readonly rules: readonly ItemChange[];
  readonly risk_rules: readonly ItemChange[];
  readonly profiles: readonly ItemChange[];
}

/** Compares two policies by what they mean: rules that are new, gone, changed or moved. */
export function diffPolicies(before: Policy, after: Policy): PolicyDiff {
  const [old, now] = [before.compiled.content, after.compiled.content];
  return {
    same: before.hash === after.hash,
    name: before.id === after.id ? null : { before: before.id, after: after.id },
    applies_to: changedList(before.appliesTo, after.appliesTo),
    packs: changedList(before.packs, after.packs),
    rules: diffItems(ruleItems(old), ruleItems(now)),
    risk_rules: diffItems(riskItems(old), riskItems(now)),
    profiles: diffItems(profileItems(old), profileItems(now)),
  };
}

function changedList(before: readonly string[], after: readonly string[]): PolicyDiff["packs"] {
  const isSame = before.length === after.length && before.every((item, place) => item === after[place]);
  return isSame ? null : { before, after };
}

function ruleItems({ rules }: PolicyContent): Item[] {
  return rules.map(({ id, content }) => ({ id, content, isNamed: Object.hasOwn(content, "id") }));
}

function riskItems({ riskRules }: PolicyContent): Item[] {
  return riskRules.map(({ name, content }) => ({ id: name, content, isNamed: true }));
}

function profileItems({ profiles }: PolicyContent): Item[] {
  return profiles.map(({ name, content }) => ({ id: name, content, isNamed: true }));
}
