import { valuesOf, whereAll } from "../sql/conditions.js";
import type { Dialect, FoundFirst, Sampled, SqlQuery } from "../sql/database.js";
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
        isFrequent,
        foundFirst,
      },
    };
  },
  placeOf: (id) => id,
  firstPlaceAt: idsFrom,
  joinInOrder: "JOIN",
};

/** Actions that a sample looks at: so many are read in a millisecond. */
const SAMPLE_ACTIONS = 1_000;

/** Fewer than so many are chance, and say nothing of how many there are. */
const FOUND_MIN = 4;

/** How much longer it takes to read an action that was found somewhere than the next one in order. */
const APART = 8;

function sampleQuery(condition: SqlQuery, within: readonly SqlQuery[]): SqlQuery {
  return {
    sql: `SELECT count(*) FILTER (WHERE ${condition.sql}) AS found, count(*) AS looked,
                 (SELECT coalesce(sum(greatest(reltuples, 0)), 0) FROM pg_class JOIN pg_inherits ON oid = inhrelid
                   WHERE inhparent = 'action_terms'::regclass) AS total
            FROM (SELECT id, terms FROM action_terms${whereAll(within)} ORDER BY id DESC LIMIT ${SAMPLE_ACTIONS}
                 ) AS action_terms`,
    values: [...condition.values, ...valuesOf(within)],
  };
}

/** Actions that may be read wherever they are, and sorted. */
const FEW_MAX = 3_000;

function foundFirst(conditions: readonly SqlQuery[]): FoundFirst {
  const found = `SELECT id FROM action_terms${whereAll(conditions)} LIMIT ${FEW_MAX + 1}`;
  return {
    with: { sql: `WITH found AS MATERIALIZED (${found})`, values: valuesOf(conditions) },
    areFew: { sql: `(SELECT count(*) FROM found) <= ${FEW_MAX}`, values: [] },
    join: "JOIN LATERAL (SELECT * FROM actions WHERE actions.id = action_terms.id OFFSET 0) AS actions ON true",
  };
}

/** Whether so many are met sooner on the way back from the newest than all of them are read and sorted. */
function isFrequent({ found, looked, total }: Sampled, wanted: number): boolean {
  const metAfter = (wanted * looked) / found;
  const foundApart = APART * (found / looked) * Math.max(total, looked);
  return found >= FOUND_MIN && metAfter <= foundApart;
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
