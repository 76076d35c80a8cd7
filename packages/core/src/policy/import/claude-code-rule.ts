import type { JsonObject } from "@faramesh/protocol";
import { isAbsolutePath, pathPattern } from "./claude-code-path.js";
import type { ImportNotes } from "./imported.js";

export type ClaudeEffect = "allow" | "ask" | "deny";

/** Where what the settings name lies on the machine; null where nobody said. */
export interface ClaudePlaces {
  readonly root: string | null;
  readonly home: string | null;
}

/** What a rule about files is about, and the param that names the file. */
const FILE_TOOLS: Readonly<Record<string, readonly (readonly [tool: string, param: string])[]>> = {
  Read: [
    ["Read", "file_path"],
    ["Grep", "path"],
    ["Glob", "path"],
    ["LS", "path"],
  ],
  Edit: [
    ["Edit", "file_path"],
    ["MultiEdit", "file_path"],
    ["Write", "file_path"],
    ["NotebookEdit", "notebook_path"],
  ],
};

/** Characters of a command that mean nothing to a shell beyond themselves. */
const PLAIN = "[A-Za-z0-9_./:=@,+%^ -]";

/**
 * One permission rule, `Tool` or `Tool(specifier)`, as matches; none where it cannot be said without becoming looser.
 */
export function convertClaudeRule(
  rule: string,
  effect: ClaudeEffect,
  places: ClaudePlaces,
  at: string,
  notes: ImportNotes,
): JsonObject[] {
  const [, tool = "", specifier] = /^([A-Za-z_][\w*-]*)(?:\((.*)\))?$/s.exec(rule.trim()) ?? [];
  if (tool === "") return unclear(effect, at, `${rule} is no rule that is known`, notes);
  if (specifier === undefined || specifier === "" || specifier === "*") return wholeTool(tool, effect, at, notes);
  if (tool === "Bash") return [{ tool: "Bash", params: { command: commandCondition(specifier, effect, at, notes) } }];
  if (tool === "WebFetch") return webFetch(specifier, effect, at, notes);
  const files = FILE_TOOLS[tool];
  if (files !== undefined) return aboutFiles(files, specifier, effect, places, at, notes);
  return unclear(effect, at, `what ${tool}(…) is about is not known here`, notes, tool);
}

function wholeTool(tool: string, effect: ClaudeEffect, at: string, notes: ImportNotes): JsonObject[] {
  const names = FILE_TOOLS[tool]?.map(([name]) => name) ?? (/^mcp__[^_]+$/.test(tool) ? [`${tool}__*`, tool] : [tool]);
  if (effect !== "allow" || (tool !== "Bash" && !tool.includes("*"))) return [{ tool: names }];
  notes.note("stricter", at, `${tool} without a limit allowed everything; it is left out`);
  return [];
}

/** What cannot be said is left out of what allows, and protects more widely. */
function unclear(effect: ClaudeEffect, at: string, why: string, notes: ImportNotes, tool?: string): JsonObject[] {
  const isWide = effect !== "allow" && tool !== undefined;
  notes.note("stricter", at, `${why}: ${isWide ? `it holds for all of ${tool}` : "it is left out"}`);
  return isWide ? [{ tool }] : [];
}

/**
 * `*` stands for anything, `:*` and ` *` at the end for any arguments. What allows takes no sign that a shell acts on, so
 * nothing can be chained on behind; what protects is found behind any such sign, too.
 */
function commandCondition(specifier: string, effect: ClaudeEffect, at: string, notes: ImportNotes): JsonObject {
  const [, prefix] = /^(.*?)(?::\*| \*)$/s.exec(specifier) ?? [];
  const parts = (prefix ?? specifier).split("*").map(escaped);
  if (effect === "allow") {
    notes.note("stricter", at, "a command that holds ; & | $ ` < > ( ) quotes or a line end is not allowed by it");
    const rest = prefix === undefined ? "" : `( ${PLAIN}*)?`;
    return { pattern: `^${parts.join(`${PLAIN}*`)}${rest}$` };
  }
  notes.note("stricter", at, "it is found anywhere in a command, not only at its beginning");
  return { pattern: `(^|[\\s;&|($\`/])${parts.join("(?s:.*)")}${prefix === undefined ? "" : "(\\s|$)"}` };
}

function webFetch(specifier: string, effect: ClaudeEffect, at: string, notes: ImportNotes): JsonObject[] {
  const [, domain] = /^domain:([a-z0-9.*-]+)$/i.exec(specifier) ?? [];
  if (domain === undefined) return unclear(effect, at, "only domain:… is known of WebFetch", notes, "WebFetch");
  return [{ tool: "WebFetch", params: { url: { domain: domain.toLowerCase() } } }];
}

function aboutFiles(
  files: readonly (readonly [string, string])[],
  specifier: string,
  effect: ClaudeEffect,
  places: ClaudePlaces,
  at: string,
  notes: ImportNotes,
): JsonObject[] {
  const absolute = absoluteOf(specifier, places);
  if (effect !== "allow") {
    const pattern =
      absolute === null ? `(^|/)${pathPattern(specifier.replace(/^(~|\.)?\/+/, ""))}$` : `^${pathPattern(absolute)}$`;
    if (absolute === null)
      notes.note("stricter", at, "where it lies was not said, so it holds for such a path anywhere");
    return files.map(([tool, param]) => ({ tool, params: { [param]: { pattern } } }));
  }
  if (absolute === null) {
    notes.note("stricter", at, "where it lies was not said: it is left out (--root, --home)");
    return [];
  }
  const folder = absolute.slice(0, absolute.search(/[*?[]|$/)).replace(/\/[^/]*$/, "") || "/";
  const within = { all: [{ path_within: folder }, { pattern: `^${pathPattern(absolute)}$` }] };
  return files.map(([tool, param]) => ({ tool, params: { [param]: within } }));
}

/** `//` begins at the root of the machine, `~/` at home, everything else in the project. */
function absoluteOf(specifier: string, { root, home }: ClaudePlaces): string | null {
  if (specifier.startsWith("//")) return specifier.slice(1);
  if (specifier.startsWith("~/")) return home !== null && isAbsolutePath(home) ? `${home}/${specifier.slice(2)}` : null;
  const rest = specifier.replace(/^\.?\//, "");
  const isAnywhere = !rest.includes("/") && !specifier.startsWith("/");
  return root !== null && isAbsolutePath(root) ? `${root}/${isAnywhere ? `**/${rest}` : rest}` : null;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
