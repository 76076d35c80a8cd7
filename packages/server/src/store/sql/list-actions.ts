import type { ActionFilter, Visibility } from "../store.js";

/** What a value may be bound to a placeholder as. */
export type SqlValue = string | number | null;

/** A query and the values of its `?` placeholders, in order. */
export interface SqlQuery {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/**
 * Builds the listing of actions, newest first, with one row past the limit that shows that there is more. Values only
 * ever enter as placeholders.
 */
export function listActionsQuery(filter: ActionFilter): SqlQuery {
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
  if (filter.text !== null) {
    const pattern = `%${filter.text.replace(/[\\%_]/g, "\\$&")}%`;
    const columns = ["tool", "operation", "agent_id", "reason", "params"];
    where(`(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`, ...columns.map(() => pattern));
  }
  if (filter.visibleTo !== null) {
    const visible = visibleCondition(filter.visibleTo);
    where(visible.sql, ...visible.values);
  }

  const clause = conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  return {
    sql: `SELECT * FROM actions${clause} ORDER BY id DESC LIMIT ? OFFSET ?`,
    values: [...values, filter.limit + 1, filter.offset],
  };
}

/** The condition under which a row of `actions` may be seen. */
export function visibleCondition({ principalId, agentIds }: Visibility): SqlQuery {
  const globs = agentIds.map(() => " OR agent_id GLOB ?").join("");
  return { sql: `(submitted_by = ?${globs})`, values: [principalId, ...agentIds.map(sqliteGlob)] };
}

/** SQLite's GLOB also knows character classes; ours does not, so `[` must stand for itself. */
function sqliteGlob(glob: string): string {
  return glob.replaceAll("[", "[[]");
}
