import type { JsonObject } from "@faramesh/protocol";
import { parseStrictJson } from "../../action/strict-json.js";
import { StrictJsonError } from "../../action/strict-json-parser.js";
import { type ClaudeEffect, type ClaudePlaces, convertClaudeRule } from "./claude-code-rule.js";
import { type Imported, ImportNotes, isRecord } from "./imported.js";

/** In the order in which they are looked at: the first that matches answers. */
const LISTS: readonly (readonly [ClaudeEffect, string])[] = [
  ["deny", "deny"],
  ["ask", "require_approval"],
  ["allow", "allow"],
];

const REASONS: Readonly<Record<ClaudeEffect, string>> = {
  deny: "The permission settings deny it",
  ask: "The permission settings ask about it",
  allow: "The permission settings allow it",
};

/**
 * Translates the `permissions` of a Claude Code `settings.json`. The tools are called as they are there (`Bash`, `Read`,
 * `mcp__server__tool`), with their params; any operation. What the settings do not name is held for a person.
 *
 * @param places - Where the project and the home folder lie: rules about files that allow need it.
 */
export function importClaudeCode(source: string, places: ClaudePlaces): Imported {
  const notes = new ImportNotes();
  const permissions = permissionsOf(source);
  if (typeof permissions === "string") return { policy: null, notes: [], faults: [permissions] };
  const rules = LISTS.flatMap(([list, effect]) => rulesOf(permissions, list, effect, places, notes));
  const rest = restOf(permissions["defaultMode"], notes);
  return { policy: { version: 1, name: "imported", rules: [...rules, ...rest] }, notes: notes.notes, faults: [] };
}

function permissionsOf(source: string): Record<string, unknown> | string {
  try {
    const settings: unknown = parseStrictJson(source);
    const permissions = isRecord(settings) ? settings["permissions"] : undefined;
    return isRecord(permissions) ? permissions : "the settings have no permissions";
  } catch (error) {
    if (error instanceof StrictJsonError) return `the settings are not JSON: ${error.message}`;
    throw error;
  }
}

function rulesOf(
  permissions: Record<string, unknown>,
  list: ClaudeEffect,
  effect: string,
  places: ClaudePlaces,
  notes: ImportNotes,
): JsonObject[] {
  const rules = permissions[list];
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((rule: unknown, place) => {
    const at = `permissions.${list}[${place}]`;
    if (typeof rule !== "string") return [];
    const matches = convertClaudeRule(rule, list, places, at, notes);
    return matches.map((match) => ({ match, [effect]: true, reason: `${REASONS[list]}: ${rule}` }));
  });
}

/** What no rule names. Nothing there runs without a person, whatever the mode was. */
function restOf(mode: unknown, notes: ImportNotes): JsonObject[] {
  if (mode === "dontAsk" || mode === "plan") {
    notes.note("same", "permissions.defaultMode", `${mode}: what no rule names is denied`);
    return [];
  }
  const was = typeof mode === "string" ? mode : "default";
  notes.note(
    "stricter",
    "permissions.defaultMode",
    `${was}: what no rule names is held for a person, reading included`,
  );
  return [{ match: { any: true }, require_approval: true, reason: "The permission settings do not name it" }];
}
