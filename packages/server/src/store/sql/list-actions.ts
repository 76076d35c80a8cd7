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
  if (sought === null) return database.page(plainQuery(filter, dialect), filter.limit);
  const search = dialect.search(sought);
  const [isPlain, isSeldom] = await Promise.all([isAboutFew(filter, database), isSeldomMet(search, filter, database)]);
  if (isPlain) return database.page(plainQuery(filter, dialect), filter.limit);
  const seldom = isSeldom ? await seldomPage(search, filter, database) : null;
  return seldom ?? database.page(orderedQuery(search, filter, dialect), filter.limit);
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

/** Goes back from the newest action that has what is sought. */
function orderedQuery(search: Search, filter: ActionFilter, dialect: Dialect): SqlQuery {
  const { index, place, condition } = search;
  return foundQuery(search, index, [condition, ...placeConditions(filter, place, dialect)], filter, dialect);
}

/** Finds everything that has what is sought before it is sorted; null where that is too much. */
async function seldomPage(search: Search, filter: ActionFilter, database: Database): Promise<ActionPage | null> {
  const { dialect, ask } = database;
  const { index, place, condition, sample } = search;
  if (sample === null) return null;
  const found = sample.foundFirst([condition, ...placeConditions(filter, place, dialect)]);
  const listed = foundQuery({ ...search, join: found.join }, `found AS ${index}`, [found.areFew], filter, dialect);
  const values = [...found.with.values, ...listed.values];
  const page = await database.page({ sql: `${found.with.sql} ${listed.sql}`, values }, filter.limit);
  if (page.rows.length > 0) return page;
  const [counted] = await ask<{ few: boolean }>({
    sql: `${found.with.sql} SELECT ${found.areFew.sql} AS few`,
    values: found.with.values,
  });
  return counted?.few === true ? page : null;
}

/** @param conditions - On what is looked for in the index. */
function foundQuery(
  { index, join, place, isExact }: Search,
  from: string,
  conditions: readonly SqlQuery[],
  filter: ActionFilter,
  dialect: Dialect,
): SqlQuery {
  const others = [
    ...timeConditions(filter),
    ...anyOf("status", filter.status),
    ...(isExact ? [] : fieldConditions(filter)),
    ...visibleConditions(filter.visibleTo, isExact, dialect),
  ];
  if (others.length > 0) return pageOf(LISTED_COLUMNS, `${from} ${join}`, [...conditions, ...others], place, filter);
  // Where the index knows everything, the page is found in it, and only its actions are read.
  const page = pageOf(place, from, conditions, place, filter);
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

/** Whether what is sought is met so seldom on the way back from the newest action that it is found first. */
async function isSeldomMet(
  { place, sample }: Search,
  filter: ActionFilter,
  { dialect, ask }: Database,
): Promise<boolean> {
  if (sample === null) return false;
  const [sampled] = await ask<Sampled>(sample.query(placeConditions(filter, place, dialect)));
  return sampled === undefined || !sample.isFrequent(sampled, filter.limit + filter.offset + 1);
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
