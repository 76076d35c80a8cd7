import { valuesOf, whereAll } from "../sql/conditions.js";
import type { Dialect, SqlQuery } from "../sql/database.js";
import { idsFrom } from "../sql/ids-from.js";
import type { Sought } from "../sql/terms.js";

/** PostgreSQL's own words. */
export const POSTGRES_DIALECT: Dialect = {
  glob: (column, glob) => ({ sql: `${column} LIKE ? ESCAPE '\\'`, values: [likePattern(glob)] }),
  listing: { from: "actions", place: "actions.id" },
  search(sought) {
    const condition = { sql: "action_terms.terms @@ ?::tsquery", values: [queryOf(sought)] };
    return {
      index: "action_terms",
      join: "JOIN actions ON actions.id = action_terms.id",
      place: "action_terms.id",
      condition,
      // To ask the same of the columns again would make the planner take it for rarer than it is.
      isExact: true,
      sample: {
        query: (within) => sampleQuery(condition, within),
        many: SAMPLE_ACTIONS / 100,
        sortedPlace: "(action_terms.id || '')",
      },
    };
  },
  placeOf: (id) => id,
  firstPlaceAt: idsFrom,
  joinInOrder: "JOIN",
};

/** Actions that a sample looks at: so many are read in a few milliseconds. */
const SAMPLE_ACTIONS = 2_000;

function sampleQuery(condition: SqlQuery, within: readonly SqlQuery[]): SqlQuery {
  return {
    sql: `SELECT count(*) AS found FROM (
            SELECT id, terms FROM action_terms${whereAll(within)} ORDER BY id DESC LIMIT ${SAMPLE_ACTIONS}
          ) AS action_terms WHERE ${condition.sql}`,
    values: [...valuesOf(within), ...condition.values],
  };
}

function likePattern(glob: string): string {
  return glob
    .replace(/[\\%_]/g, "\\$&")
    .replaceAll("*", "%")
    .replaceAll("?", "_");
}

/** In the language of `tsquery`, where a term in quotes is nothing but a term. */
function queryOf(sought: Sought): string {
  return sought.map((terms) => `(${terms.map((term) => `'${term}'`).join(" | ")})`).join(" & ");
}
