import { AHEAD_MS_MAX } from "../../new-ids.js";
import type { ActionFilter, ActionPage, Visibility } from "../store.js";
import { LISTED_COLUMNS } from "./columns.js";
import { valuesOf, whereAll } from "./conditions.js";
import type { Database, Dialect, Sampled, Search, SqlQuery } from "./database.js";
import { isInTerms, soughtBy } from "./terms.js";

/** Lists actions, newest first. */
export async function listActions(database: Database, filter: ActionFilter): Promise<ActionPage> {
  const { dialect } = database;
  const sought = soughtBy(filter);
  const isPlain = sought === null || (await isAboutFew(filter, database));
  const query = isPlain ? plainQuery(filter, dialect) : await searchQuery(dialect.search(sought), filter, database);
  return database.page(query, filter.limit);
}

function plainQuery(filter: ActionFilter, dialect: Dialect): SqlQuery {
  const { from, place } = dialect.listing;
  const conditions = [
    ...placeConditions(filter, place, dialect),
    ...timeConditions(filter),
    ...anyOf("status", filter.status),
    ...fieldConditions(filter),
    ...visibleConditions(filter.visibleTo, false, dialect),
  ];
  return pageOf(LISTED_COLUMNS, from, conditions, place, filter);
}

async function searchQuery(search: Search, filter: ActionFilter, database: Database): Promise<SqlQuery> {
  const { dialect } = database;
  const { index, join, place, isExact, condition } = search;
  const within = placeConditions(filter, place, dialect);
  const others = [
    ...timeConditions(filter),
    ...anyOf("status", filter.status),
    ...(isExact ? [] : fieldConditions(filter)),
    ...visibleConditions(filter.visibleTo, isExact, dialect),
  ];
  const order = await orderOf(search, within, filter, database);
  if (others.length > 0)
    return pageOf(LISTED_COLUMNS, `${index} ${join}`, [condition, ...within, ...others], order, filter);
  // Where the index knows everything, the page is found in it, and only its actions are read.
  const page = pageOf(place, index, [condition, ...within], order, filter);
  return {
    sql: `SELECT ${LISTED_COLUMNS} FROM (${page.sql}) AS ${index} ${join} ORDER BY ${place} DESC`,
    values: page.values,
  };
}

/** One row past the limit shows that there is more. */
function pageOf(
  columns: string,
  from: string,
  conditions: readonly SqlQuery[],
  order: string,
  { limit, offset }: ActionFilter,
): SqlQuery {
  return {
    sql: `SELECT ${columns} FROM ${from}${whereAll(conditions)} ORDER BY ${order} DESC LIMIT ? OFFSET ?`,
    values: [...valuesOf(conditions), limit + 1, offset],
  };
}

/** How to bring what was found in order: where few have it, it is found first, and not looked for along the way. */
async function orderOf(
  { place, sample }: Search,
  within: readonly SqlQuery[],
  { limit, offset }: ActionFilter,
  { ask }: Database,
): Promise<string> {
  if (sample === null) return place;
  const [sampled] = await ask<Sampled>(sample.query(within));
  if (sampled !== undefined && sample.isFrequent(sampled, limit + offset + 1)) return place;
  const [counted] = await ask<{ found: number }>(sample.countQuery(within));
  return counted !== undefined && counted.found < sample.fewMax ? sample.sortedPlace : place;
}

function timeConditions({ sinceMs, untilMs }: ActionFilter): SqlQuery[] {
  return [
    ...(sinceMs === null ? [] : [{ sql: "actions.created_at_ms >= ?", values: [sinceMs] }]),
    ...(untilMs === null ? [] : [{ sql: "actions.created_at_ms < ?", values: [untilMs] }]),
  ];
}

/** Where actions of a time are: the time in an id is about the time at which its action was created. */
function placeConditions({ sinceMs, untilMs, beforeId }: ActionFilter, place: string, dialect: Dialect): SqlQuery[] {
  return [
    ...(sinceMs === null ? [] : [{ sql: `${place} >= ?`, values: [dialect.firstPlaceAt(sinceMs - AHEAD_MS_MAX)] }]),
    ...(untilMs === null ? [] : [{ sql: `${place} < ?`, values: [dialect.firstPlaceAt(untilMs + AHEAD_MS_MAX)] }]),
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

/** Actions that may be read one by one. */
const FEW = 2_000;

/** Whether so few actions have the statuses that it is no use to ask the index of terms. It alone knows words. */
async function isAboutFew(filter: ActionFilter, { dialect, ask }: Database): Promise<boolean> {
  if (filter.status.length === 0 || filter.text !== null) return false;
  const { from, place } = dialect.listing;
  const conditions = [...anyOf("status", filter.status), ...placeConditions(filter, place, dialect)];
  const [counted] = await ask<{ found: number }>({
    sql: `SELECT count(*) AS found FROM (SELECT 1 FROM ${from}${whereAll(conditions)} LIMIT ${FEW}) AS few`,
    values: valuesOf(conditions),
  });
  return counted !== undefined && counted.found < FEW;
}

/** The condition under which a row of `actions` may be seen. */
export function visibleCondition({ principalId, agentIds }: Visibility, dialect: Dialect): SqlQuery {
  const globs = agentIds.map((glob) => dialect.glob("actions.agent_id", glob));
  return {
    sql: `(${["actions.submitted_by = ?", ...globs.map(({ sql }) => sql)].join(" OR ")})`,
    values: [principalId, ...globs.flatMap(({ values }) => values)],
  };
}
