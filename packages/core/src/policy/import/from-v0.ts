import { type JsonObject, RISK_LEVELS } from "@faramesh/protocol";
import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import { type Imported, ImportNotes, isRecord, type Matches, type V0Effect } from "./imported.js";
import { convertMatch, V0_KEYS } from "./v0-match.js";

const EFFECTS = ["allow", "deny", "require_approval"] as const;

/** What the older engine refuses to load; the import refuses it, too. */
class Refused extends Error {}

/**
 * Translates a policy of the older engine of this system (YAML or JSON), and an execution profile of it. What comes out
 * answers as the older engine did, or stricter; where it was unsafe, it is safer on purpose, and the notes say so.
 *
 * @param profile - The text of a profile, null for none.
 */
export function importV0(source: string, profile: string | null = null): Imported {
  const notes = new ImportNotes();
  try {
    const policy = convertPolicy(parsed(source, "the policy"), notes);
    const limits = profile === null ? {} : convertProfile(parsed(profile, "the profile"), notes);
    return { policy: joined(policy, limits), notes: notes.notes, faults: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { policy: null, notes: [], faults: [error.message] };
  }
}

function parsed(source: string, what: string): Record<string, unknown> {
  try {
    const value = load(source, { schema: CORE_SCHEMA });
    if (isRecord(value)) return value;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new Refused(`${what} is not YAML: ${error.reason}`);
  }
  throw new Refused(`${what} is not a map`);
}

function convertPolicy(document: Record<string, unknown>, notes: ImportNotes): JsonObject {
  const { rules, risk } = document;
  if (!Array.isArray(rules)) throw new Refused("the policy has no rules");
  const riskRules = isRecord(risk) && Array.isArray(risk["rules"]) ? risk["rules"] : [];
  const converted = rules.flatMap((rule, place) => convertRule(rule, `rules[${place}]`, notes));
  const levels = riskRules.flatMap((rule, place) => convertRiskRule(rule, `risk.rules[${place}]`, notes));
  return { version: 1, name: "imported", rules: converted, ...(levels.length > 0 && { risk: { rules: levels } }) };
}

function convertRule(rule: unknown, at: string, notes: ImportNotes): JsonObject[] {
  if (!isRecord(rule)) throw new Refused(`${at} is not a map`);
  const { match, description, risk } = rule;
  const effects = EFFECTS.filter((each) => Boolean(rule[each]));
  const [effect, second] = effects;
  if (effect === undefined || second !== undefined) throw new Refused(`${at} has not exactly one effect`);
  if (!isRecord(match)) throw new Refused(`${at}.match is not a map`);
  if (Object.keys(match).length === 0) throw new Refused(`${at}.match is empty`);
  const unknown = Object.keys(match).find((key) => !V0_KEYS.includes(key));
  if (unknown !== undefined) throw new Refused(`${at}.match has the unknown key ${unknown}`);
  if (rule[effect] !== true && effect === "allow") {
    notes.note(
      "stricter",
      `${at}.allow`,
      `anything but nothing counted as true, so ${JSON.stringify(rule[effect])} allowed: the rule is left out`,
    );
    return [];
  }
  const matches = convertMatch(match, effect, `${at}.match`, notes);
  const level = levelOf(risk);
  if (level !== null)
    notes.note("stricter", `${at}.risk`, "it replaced what the risk rules came to; here it only raises the level");
  return matches.map((each) => ({
    match: each,
    [effect]: true,
    ...(typeof description === "string" && description !== "" && { reason: description }),
    ...(level !== null && { risk: level }),
  }));
}

function convertRiskRule(rule: unknown, at: string, notes: ImportNotes): JsonObject[] {
  if (!isRecord(rule) || !isRecord(rule["when"]) || typeof rule["name"] !== "string") {
    throw new Refused(`${at} needs name, when and risk_level`);
  }
  const level = levelOf(rule["risk_level"]);
  if (level === null) throw new Refused(`${at}.risk_level is none`);
  const name = rule["name"];
  return convertMatch(rule["when"], "deny", `${at}.when`, notes).map((when, place) => ({
    name: place === 0 ? name : `${name} ${place + 1}`,
    when,
    risk_level: level,
  }));
}

function levelOf(value: unknown): string | null {
  return RISK_LEVELS.find((level) => level === value) ?? null;
}

/** What a profile comes to: rules before those of the policy, and a list of tools. */
interface Limits {
  readonly rules?: JsonObject[];
  readonly profiles?: JsonObject[];
}

function convertProfile(profile: Record<string, unknown>, notes: ImportNotes): Limits {
  const { id, allowed_tools, rules, required_controls } = profile;
  const name = typeof id === "string" && id !== "" ? id : "imported";
  const listed = Array.isArray(allowed_tools) ? allowed_tools.filter((tool) => typeof tool === "string") : [];
  const literal = listed.filter((tool) => tool.includes("*"));
  for (const tool of literal) {
    notes.note("same", "profile.allowed_tools", `${tool} stood for itself, never for others; it is left out`);
  }
  const tools = listed.filter((tool) => !literal.includes(tool) && tool !== "");
  const converted = Array.isArray(rules)
    ? rules.flatMap((rule, place) => convertProfileRule(rule, `profile.rules[${place}]`, notes))
    : [];
  const controls = isRecord(required_controls) && required_controls["approval_token"] === true ? tokenRules(notes) : [];
  return { rules: [...controls, ...converted], profiles: [{ name, tools: tools.map((tool) => ({ tool })) }] };
}

function convertProfileRule(rule: unknown, at: string, notes: ImportNotes): JsonObject[] {
  if (!isRecord(rule) || !isRecord(rule["when"])) throw new Refused(`${at} needs when`);
  const { outcome = "HALT", name, when, pattern } = rule;
  if (outcome === "EXECUTE") {
    notes.note("stricter", at, "a rule of a profile that executes passed by the whole policy; it is left out");
    return [];
  }
  const { operation, ...rest } = when as Record<string, unknown>;
  if (Object.keys(when as object).length === 0) {
    notes.note("stricter", `${at}.when`, "an empty condition never matched; here the rule is for everything");
  }
  const match = {
    ...rest,
    ...(operation !== undefined && { op: operation }),
    ...(pattern !== undefined && { pattern }),
  };
  const effect: V0Effect = outcome === "ABSTAIN" ? "require_approval" : "deny";
  const matches: Matches = convertMatch(match, effect, at, notes);
  return matches.map((each) => ({ match: each, [effect]: true, ...(typeof name === "string" && { reason: name }) }));
}

/** That there was some token was asked for, and never whether it was good. */
function tokenRules(notes: ImportNotes): JsonObject[] {
  notes.note(
    "stricter",
    "profile.required_controls",
    "any approval_token in context was enough; here a person approves",
  );
  return [
    { match: { context: { approval_token: { exists: false } } }, deny: true, reason: "No approval token" },
    { match: { any: true }, require_approval: true, reason: "The profile asks for an approval" },
  ];
}

function joined(policy: JsonObject, { rules = [], profiles }: Limits): JsonObject {
  return {
    ...policy,
    ...(profiles !== undefined && { profiles }),
    rules: [...rules, ...(policy["rules"] as JsonObject[])],
  };
}
