import { createHash } from "node:crypto";
import type { ActionFilter, FirstRow, Visibility } from "../store.js";
import { cutWords, unescapeJson } from "./words.js";

/**
 * What an action is found by, in one index: its words, and its fields that never change, each as `letter=value`, and
 * agent and tool together. No word holds a `=`, so neither passes for the other.
 */
export type Term = string;

/** What a listing asks the index: of each group an action must have one. */
export type Sought = readonly (readonly Term[])[];

const FIELDS = {
  tool: "t",
  operation: "o",
  agent_id: "a",
  submitted_by: "s",
  outcome: "d",
  risk_level: "r",
} as const satisfies Partial<Record<keyof FirstRow, string>>;

const FIELD_NAMES = Object.keys(FIELDS) as (keyof typeof FIELDS)[];

/** The term of no action. */
const NO_ACTIONS_TERM = "=";

/** The terms of an action, each once. */
export function termsOf(row: FirstRow): Term[] {
  const { tool, operation, agent_id, reason, params } = row;
  const terms = cutWords(`${tool} ${operation} ${agent_id} ${reason} ${unescapeJson(params)}`);
  for (const field of FIELD_NAMES) terms.push(fieldTerm(field, row[field]));
  terms.push(pairTerm(agent_id, tool));
  return terms;
}

/** What a listing asks of the index, or null where it asks nothing that the index knows. */
export function soughtBy(filter: ActionFilter): Sought | null {
  const anyOf = (field: keyof typeof FIELDS, values: readonly string[]): Sought =>
    values.length === 0 ? [] : [values.map((value) => fieldTerm(field, value))];
  const sought = [
    ...(pairsSought(filter) ?? [...anyOf("agent_id", filter.agentId), ...anyOf("tool", filter.tool)]),
    ...anyOf("operation", filter.operation),
    ...anyOf("outcome", filter.outcome),
    ...anyOf("risk_level", filter.riskLevel),
    ...(filter.text === null ? [] : wordsSought(filter.text)),
    ...(filter.visibleTo === null || !isInTerms(filter.visibleTo) ? [] : visibleTerms(filter.visibleTo)),
  ];
  return sought.length === 0 ? null : sought;
}

/** Pairs that are asked for in place of their halves. */
const PAIRS_MAX = 32;

/** Agents with tools, where both are asked for; null where one is not, or the pairs are too many. */
function pairsSought({ agentId, tool }: ActionFilter): Sought | null {
  const pairs = agentId.length * tool.length;
  if (pairs === 0 || pairs > PAIRS_MAX) return null;
  return [agentId.flatMap((agent) => tool.map((name) => pairTerm(agent, name)))];
}

/** All words of the text; a text without a word finds nothing. */
function wordsSought(text: string): Sought {
  const words = cutWords(text);
  return words.length === 0 ? [[NO_ACTIONS_TERM]] : words.map((word) => [word]);
}

/** Whether the index can tell what may be seen: it knows whole agent ids, no globs. */
export function isInTerms({ agentIds }: Visibility): boolean {
  return !agentIds.some((glob) => /[*?]/.test(glob));
}

function visibleTerms({ principalId, agentIds }: Visibility): Sought {
  return [[fieldTerm("submitted_by", principalId), ...agentIds.map((agentId) => fieldTerm("agent_id", agentId))]];
}

const PLAIN = /^[A-Za-z0-9._~-]*$/;
const MARKS = /[!'()*]/g;

/** Characters from which on a value stands as its hash: PostgreSQL refuses to look for a term of more than 2,046 bytes. */
const ENCODED_CHARS_MAX = 1_000;

/** What an agent did with a tool is asked for often, and each half alone may stand for thousands of actions. */
function pairTerm(agentId: string, tool: string): Term {
  return `p=${plainOrEncoded(agentId)}=${plainOrEncoded(tool)}`;
}

/** In letters, digits, `%`, `-`, `.`, `_` and `~`, which no database's index takes for anything else. */
export function fieldTerm(field: keyof typeof FIELDS, value: string): Term {
  return `${FIELDS[field]}=${plainOrEncoded(value)}`;
}

function plainOrEncoded(value: string): string {
  return PLAIN.test(value) ? value : encoded(value);
}

function encoded(value: string): string {
  const marked = encodeURIComponent(value.toWellFormed()).replace(
    MARKS,
    (mark) => `%${mark.charCodeAt(0).toString(16)}`,
  );
  return marked.length <= ENCODED_CHARS_MAX ? marked : `%%${createHash("sha256").update(marked).digest("hex")}`;
}
