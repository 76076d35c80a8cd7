import type { ActionFilter, ActionPage, Visibility } from "../store.js";
import { ACTION_COLUMNS } from "./columns.js";
import type { Database, Dialect, Search, SqlQuery, SqlValue } from "./database.js";
import { isInTerms, type Sought, soughtBy } from "./terms.js";

const COLUMNS = ACTION_COLUMNS.map((column) => `actions.${column}`).join(", ");

/** Lists actions, newest first. */
export async function listActions(database: Database, filter: ActionFilter): Promise<ActionPage> {
  const { dialect } = database;
  const sought = soughtFirst(filter);
  const search = sought === null ? null : dialect.search(sought);
  const { from, place } = search ?? dialect.listing;
  const within = placeConditions(filter, place, dialect);
  const conditions = [
    ...(search === null ? [] : [search.condition]),
    ...within,
    ...anyOf("status", filter.status),
    ...(search?.isExact === true ? [] : fieldConditions(filter)),
    ...visibleConditions(filter.visibleTo, search?.isExact === true, dialect),
  ];
  // One row past the limit shows that there is more.
  const values = [...valuesOf(conditions), filter.limit + 1, filter.offset];
  const order = search === null ? place : await orderOf(search, within, filter, database);
  const sql = `SELECT ${COLUMNS} FROM ${from}${whereAll(conditions)} ORDER BY ${order} DESC LIMIT ? OFFSET ?`;
  return database.page({ sql, values }, filter.limit);
}

/** How to bring what was found in order: where few have it, it is found first, and not looked for along the way. */
async function orderOf(
  { place, sample }: Search,
  within: readonly SqlQuery[],
  { limit, offset }: ActionFilter,
  database: Database,
): Promise<string> {
  if (sample === null) return place;
  const [counted] = await database.ask<{ found: number }>(sample.query(within));
  return counted !== undefined && counted.found > limit + offset ? place : sample.sortedPlace;
}

/** Conditions as they stand behind a table. */
export function whereAll(conditions: readonly SqlQuery[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

export function valuesOf(conditions: readonly SqlQuery[]): SqlValue[] {
  return conditions.flatMap(({ values }) => values);
}

function placeConditions({ sinceMs, untilMs, beforeId }: ActionFilter, place: string, dialect: Dialect): SqlQuery[] {
  return [
    ...(sinceMs === null ? [] : [{ sql: `${place} >= ?`, values: [dialect.firstPlaceAt(sinceMs)] }]),
    ...(untilMs === null ? [] : [{ sql: `${place} < ?`, values: [dialect.firstPlaceAt(untilMs)] }]),
    ...(beforeId === null ? [] : [{ sql: `${place} < ?`, values: [dialect.placeOf(beforeId)] }]),
  ];
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
