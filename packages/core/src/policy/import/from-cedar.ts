import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../../limits.js";
import { loadPolicy } from "../load.js";
import { celOf, NotExpressible } from "./cedar-expression.js";
import { type Imported, ImportNotes, isRecord } from "./imported.js";

/** A policy of Cedar in its JSON form, as its own parser gives it, and what it is called. */
export interface CedarPolicy {
  readonly id: string;
  readonly json: JsonObject;
}

/** What each part of a scope names here. */
const NAMES = { principal: "agent_id", action: "operation", resource: "tool" } as const;

/**
 * Translates policies of Cedar: a principal is an agent, an action an operation, a resource a tool, the context the
 * params; what type an entity has does not count. A forbid beats every permit there, so forbids come first here.
 */
export function importCedar(policies: readonly CedarPolicy[]): Imported {
  const notes = new ImportNotes();
  const rules = (["forbid", "permit"] as const).flatMap((effect) =>
    policies.filter(({ json }) => json["effect"] === effect).flatMap((policy) => convert(policy, effect, notes)),
  );
  return { policy: { version: 1, name: "imported", rules }, notes: notes.notes, faults: [] };
}

function convert({ id, json }: CedarPolicy, effect: "forbid" | "permit", notes: ImportNotes): JsonObject[] {
  try {
    const scope = scopeOf(json, id, notes);
    return [ruleOf(id, effect, scope, conditionOf(json))];
  } catch (error) {
    if (!(error instanceof NotExpressible)) throw error;
    return inexpressible(id, json, effect, error.message, notes);
  }
}

/** What cannot be said is left out of what permits, and forbids without it. */
function inexpressible(
  id: string,
  json: JsonObject,
  effect: "forbid" | "permit",
  why: string,
  notes: ImportNotes,
): JsonObject[] {
  if (effect === "permit") {
    notes.note("stricter", id, `${why}: the permit is left out`);
    return [];
  }
  notes.note("stricter", id, `${why}: what it forbids is forbidden without that condition`);
  return [ruleOf(id, effect, scopeOf(json, id, new ImportNotes(), true), null)];
}

function ruleOf(id: string, effect: "forbid" | "permit", match: JsonObject, when: string | null): JsonObject {
  const isWide = Object.keys(match).length === 0;
  return {
    id,
    ...((!isWide || when === null) && { match: isWide ? { any: true } : match }),
    ...(when !== null && { when }),
    ...(effect === "permit" ? { allow: true } : { deny: true }),
  };
}

/** @param isWidening - What cannot be said is passed over. */
function scopeOf(json: JsonObject, id: string, notes: ImportNotes, isWidening = false): JsonObject {
  const match: JsonObject = {};
  for (const [part, key] of Object.entries(NAMES)) {
    const names = namesIn(json[part], `${id}.${part}`, notes, isWidening);
    if (names !== null) match[key] = names;
  }
  return match;
}

function namesIn(scope: JsonValue | undefined, at: string, notes: ImportNotes, isWidening: boolean): string[] | null {
  if (!isRecord(scope) || scope["op"] === "All") return null;
  const { op, entity, entities } = scope;
  if (op === "is") {
    notes.note("other", at, "what type an entity has does not count here");
    if (!("in" in scope)) return null;
  }
  const listed =
    op === "==" ? [entity] : op === "in" && Array.isArray(entities) && at.endsWith(".action") ? entities : null;
  const ids =
    listed?.flatMap((one: unknown) => (isRecord(one) && typeof one["id"] === "string" ? [one["id"]] : [])) ?? [];
  if (ids.length > 0 && !ids.some((name) => name.includes("*"))) return ids;
  if (isWidening) return null;
  throw new NotExpressible(`${at} names a group, a slot, or a name with a *`);
}

/** All of them must hold, one after another; null where there is none. */
function conditionOf(json: JsonObject): string | null {
  const { conditions } = json;
  if (!Array.isArray(conditions) || conditions.length === 0) return null;
  const said = conditions.map((condition) => {
    const { kind, body } = condition as JsonObject;
    return kind === "unless" ? `!(${celOf(body)})` : celOf(body);
  });
  const when = said.slice(0, -1).reduceRight((rest, each) => `(${each} ? ${rest} : false)`, said.at(-1) ?? "true");
  if (when.length > POLICY_LIMITS.expressionCharsMax) throw new NotExpressible("it is longer than a condition may be");
  const { findings } = loadPolicy(JSON.stringify({ rules: [{ when, deny: true }] }));
  const error = findings.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new NotExpressible(error.message);
  return when;
}
