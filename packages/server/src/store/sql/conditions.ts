import type { SqlQuery, SqlValue } from "./database.js";

/** Conditions as they stand behind a table. */
export function whereAll(conditions: readonly SqlQuery[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.map(({ sql }) => sql).join(" AND ")}`;
}

export function valuesOf(conditions: readonly SqlQuery[]): SqlValue[] {
  return conditions.flatMap(({ values }) => values);
}
