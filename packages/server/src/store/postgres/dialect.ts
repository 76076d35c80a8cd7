import type { Dialect } from "../sql/database.js";
import { idsFrom } from "../sql/ids-from.js";
import type { Sought } from "../sql/terms.js";

/** PostgreSQL's own words. */
export const POSTGRES_DIALECT: Dialect = {
  glob: (column, glob) => ({ sql: `${column} LIKE ? ESCAPE '\\'`, values: [likePattern(glob)] }),
  listing: { from: "actions", place: "actions.id" },
  search: (sought) => ({
    from: "action_terms JOIN actions ON actions.id = action_terms.id",
    place: "action_terms.id",
    condition: { sql: "action_terms.terms @@ ?::tsquery", values: [queryOf(sought)] },
    // To ask the same of the columns again would make the planner take it for rarer than it is.
    isExact: true,
  }),
  placeOf: (id) => id,
  firstPlaceAt: idsFrom,
  joinInOrder: "JOIN",
};

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
