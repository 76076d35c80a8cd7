import type { Changes } from "../sql/database.js";
import type { PostgresQuery } from "./placeholders.js";

/**
 * Adds actions to the index that they are found in, by their terms. It has a table of its own: PostgreSQL writes a row
 * anew into all of its indexes when one of them sees it change, and an action changes with every step.
 */
export function addTermsQuery(newTerms: Changes["newTerms"]): PostgresQuery {
  return { ...ADD, values: [JSON.stringify(newTerms)] };
}

const ADD = {
  name: "add.terms",
  text: `INSERT INTO action_terms (id, terms) SELECT id, array_to_tsvector(terms)
           FROM json_to_recordset($1::json) AS given(id text, terms text[])`,
};
