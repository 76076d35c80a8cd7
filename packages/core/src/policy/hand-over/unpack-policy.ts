import type { JsonValue } from "@faramesh/protocol";
import { CompiledPolicy } from "../compiled.js";
import { readCondition } from "../condition.js";
import { type DocumentNode, type MapEntry, ROOT } from "../document.js";
import { ANY_NAME, readNames } from "../names.js";
import { PatternCompiler } from "../pattern.js";
import type { Policy } from "../policy.js";
import { readProfile } from "../profile.js";
import { Report } from "../report.js";
import { readRiskRule } from "../risk-rule.js";
import { readRule } from "../rule.js";
import type { Reading } from "../value-test.js";
import { KEY_MARK, type PackedPolicy, type PackedRiskRule } from "./packed-policy.js";

const NOWHERE = { place: ROOT, offset: 0 };

/**
 * Makes a policy of what {@link packPolicy} made, a step at a time: whoever steps may do something else in between.
 *
 * @throws Error where it is not what a policy that loads was made into.
 */
export function* unpackPolicy(packed: PackedPolicy, version: number): Generator<undefined, Policy> {
  const report = new Report("");
  const reading: Reading = { report, patterns: new PatternCompiler(), readCondition, pack: null };
  const rules = yield* eachOf(packed.rules, (rule) => {
    return readRule(parsed(rule.source), rule.ownOrder, { ...reading, pack: originOf(rule) });
  });
  const riskRules = yield* eachOf(packed.riskRules, (rule) => {
    return readRiskRule(parsed(rule.source), rule.ownOrder, { ...reading, pack: originOf(rule) });
  });
  const profiles = yield* eachOf(packed.profiles, (source, order) => readProfile(parsed(source), order, reading));
  const listed = nodeOf([...packed.appliesTo]);
  const appliesTo = packed.appliesTo.length === 0 ? ANY_NAME : readNames(listed, "agent_id", report);
  if (appliesTo === null || report.hasErrors)
    throw new Error(`the policy was not handed over whole: ${report.firstError()}`);
  yield;
  const content = { name: packed.id, appliesTo, profiles, rules, riskRules, packs: packed.packs, cases: [] };
  return {
    id: packed.id,
    version,
    hash: packed.hash,
    rules: packed.rules.map(({ summary }) => summary),
    appliesTo: packed.appliesTo,
    packs: packed.packs,
    cases: [],
    compiled: new CompiledPolicy(content),
  };
}

function* eachOf<Packed, Item>(
  packed: readonly Packed[],
  read: (item: Packed, order: number) => Item | null,
): Generator<undefined, Item[]> {
  const items: Item[] = [];
  for (const [order, each] of packed.entries()) {
    const item = read(each, order);
    if (item === null) throw new Error("a part of the policy was not handed over whole");
    items.push(item);
    yield;
  }
  return items;
}

function originOf({ pack, order, ownOrder }: PackedRiskRule): Reading["pack"] {
  const before = order - ownOrder;
  return pack === null ? null : { name: pack, spot: NOWHERE, rulesBefore: before, riskRulesBefore: before };
}

function parsed(source: string): DocumentNode {
  return nodeOf(JSON.parse(source) as JsonValue);
}

/** A value as if it had been read from a document; where it stood is told by what was handed over with it. */
function nodeOf(value: JsonValue): DocumentNode {
  if (Array.isArray(value)) return { kind: "list", ...NOWHERE, items: value.map(nodeOf) };
  if (typeof value !== "object" || value === null) return { kind: "scalar", ...NOWHERE, value };
  const entries = new Map<string, MapEntry>();
  for (const [key, member] of Object.entries(value)) {
    const name = key.slice(KEY_MARK.length);
    entries.set(name, { key: name, keyOffset: 0, value: nodeOf(member ?? null) });
  }
  return { kind: "map", ...NOWHERE, entries };
}
