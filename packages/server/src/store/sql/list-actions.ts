import type { ActionFilter, Visibility } from "../store.js";
import { ACTION_COLUMNS } from "./columns.js";
import type { Dialect, SqlQuery } from "./database.js";
import { isInTerms, type Sought, soughtBy } from "./terms.js";

const COLUMNS = ACTION_COLUMNS.map((column) => `actions.${column}`).join(", ");

/**
 * Builds the listing of actions, newest first, with one row past the limit that shows that there is more. Values only
 * ever enter as placeholders.
 */
export function listActionsQuery(filter: ActionFilter, dialect: Dialect): SqlQuery {
  const sought = soughtFirst(filter);
  const search = sought === null ? null : dialect.search(sought);
  const { from, place } = search ?? dialect.listing;
  const isExact = search?.isExact === true;
  const conditions = [
    ...(search === null ? [] : [search.condition]),
    ...anyOf("status", filter.status),
    ...(isExact ? [] : fieldConditions(filter)),
    ...(filter.sinceMs === null ? [] : [{ sql: `${place} >= ?`, values: [dialect.firstPlaceAt(filter.sinceMs)] }]),
    ...(filter.untilMs === null ? [] : [{ sql: `${place} < ?`, values: [dialect.firstPlaceAt(filter.untilMs)] }]),
    ...(filter.beforeId === null ? [] : [{ sql: `${place} < ?`, values: [dialect.placeOf(filter.beforeId)] }]),
    ...visibleConditions(filter.visibleTo, isExact, dialect),
  ];
  const where = conditions.length > 0 ? ` WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}` : "";
  return {
    sql: `SELECT ${COLUMNS} FROM ${from}${where} ORDER BY ${place} DESC LIMIT ? OFFSET ?`,
    values: [...conditions.flatMap(({ values }) => values), filter.limit + 1, filter.offset],
  };
}

function fieldConditions(filter: ActionFilter): SqlQuery[] {
  return [
    ...anyOf("agent_id", filter.agentId),
    ...anyOf("tool", filter.tool),
    ...anyOf("operation", filter.operation),
    ...anyOf("outcome", filter.outcome),
    ...anyOf("risk_level", filter.riskLevel),
  ];
}

function anyOf(column: string, wanted: readonly string[]): SqlQuery[] {
  if (wanted.length === 0) return [];
  return [{ sql: `actions.${column} IN (${wanted.map(() => "?").join(", ")})`, values: wanted }];
}

/** @param isExact - Whether terms were asked for, and tell exactly. */
function visibleConditions(visibleTo: Visibility | null, isExact: boolean, dialect: Dialect): SqlQuery[] {
  if (visibleTo === null || (isExact && isInTerms(visibleTo))) return [];
  return [visibleCondition(visibleTo, dialect)];
}

/** Statuses that actions leave soon, so that there are few in each. */
const PASSING = new Set(["pending_approval", "approved", "executing"]);

/** What to ask the index of terms: nothing where the index of statuses leads to few actions already. */
function soughtFirst(filter: ActionFilter): Sought | null {
  const isAboutFew = filter.status.length > 0 && filter.status.every((status) => PASSING.has(status));
  return isAboutFew && filter.text === null ? null : soughtBy(filter);
}

/** The condition under which a row of `actions` may be seen. */
export function visibleCondition({ principalId, agentIds }: Visibility, dialect: Dialect): SqlQuery {
  const globs = agentIds.map((glob) => dialect.glob("actions.agent_id", glob));
  return {
    sql: `(${["actions.submitted_by = ?", ...globs.map(({ sql }) => sql)].join(" OR ")})`,
    values: [principalId, ...globs.flatMap(({ values }) => values)],
  };
}
