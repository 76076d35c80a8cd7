import type { ActionFilter, Visibility } from "../store.js";
import type { Dialect, SqlQuery, SqlValue } from "./database.js";

/**
 * Builds the listing of actions, newest first, with one row past the limit that shows that there is more. Values only
 * ever enter as placeholders.
 */
export function listActionsQuery(filter: ActionFilter, dialect: Dialect): SqlQuery {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...bound: SqlValue[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  const anyOf = (column: string, wanted: readonly string[]): void => {
    if (wanted.length > 0) where(`${column} IN (${wanted.map(() => "?").join(", ")})`, ...wanted);
  };

  anyOf("status", filter.status);
  anyOf("agent_id", filter.agentId);
  anyOf("tool", filter.tool);
  anyOf("operation", filter.operation);
  anyOf("outcome", filter.outcome);
  anyOf("risk_level", filter.riskLevel);
  if (filter.sinceMs !== null) where("created_at_ms >= ?", filter.sinceMs);
  if (filter.untilMs !== null) where("created_at_ms < ?", filter.untilMs);
  if (filter.beforeId !== null) where("id < ?", filter.beforeId);
  const whereAs = ({ sql, values: bound }: SqlQuery): void => where(sql, ...bound);
  if (filter.text !== null) whereAs(dialect.text(filter.text));
  if (filter.visibleTo !== null) whereAs(visibleCondition(filter.visibleTo, dialect));

  const clause = conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  return {
    sql: `SELECT * FROM actions${clause} ORDER BY id DESC LIMIT ? OFFSET ?`,
    values: [...values, filter.limit + 1, filter.offset],
  };
}

/** The condition under which a row of `actions` may be seen. */
export function visibleCondition({ principalId, agentIds }: Visibility, dialect: Dialect): SqlQuery {
  const globs = agentIds.map((glob) => dialect.glob("agent_id", glob));
  return {
    sql: `(${["submitted_by = ?", ...globs.map(({ sql }) => sql)].join(" OR ")})`,
    values: [principalId, ...globs.flatMap(({ values }) => values)],
  };
}
