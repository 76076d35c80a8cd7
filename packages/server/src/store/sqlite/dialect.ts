import type { Dialect } from "../sql/database.js";
import type { Sought } from "../sql/terms.js";
import { firstPlaceAt, placeOf } from "./place.js";

/** SQLite's own words. */
export const SQLITE_DIALECT: Dialect = {
  // GLOB also knows character classes; our globs do not, so `[` must stand for itself.
  glob: (column, glob) => ({ sql: `${column} GLOB ?`, values: [glob.replaceAll("[", "[[]")] }),
  listing: { from: "actions", place: "actions.place" },
  search: (sought) => ({
    // The index first: it tells its rows newest first, so that a page is read and no more.
    index: "action_terms",
    join: "CROSS JOIN actions ON actions.place = action_terms.rowid",
    place: "action_terms.rowid",
    condition: { sql: "action_terms MATCH ?", values: [matchOf(sought)] },
    // It folds the case of names.
    isExact: false,
    sample: null,
  }),
  placeOf,
  firstPlaceAt,
  joinInOrder: "CROSS JOIN",
};

/** In the language of FTS5, where a term in quotes is nothing but a term. */
function matchOf(sought: Sought): string {
  return sought.map((terms) => `(${terms.map((term) => `"${term}"`).join(" OR ")})`).join(" AND ");
}
