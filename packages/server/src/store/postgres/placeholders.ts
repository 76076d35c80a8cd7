import type { SqlQuery } from "../sql/database.js";
import { SQL } from "../sql/statements.js";
import { escapeText } from "../sql/text.js";

/** A query as the driver takes it. With a name the server keeps its plan. */
export interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

const NAMES = new Map<string, string>(Object.entries(SQL).map(([name, sql]) => [sql, name]));

/** Queries seen, in PostgreSQL's words; filters make few shapes, but a caller must not be able to fill the memory. */
const texts = new Map<string, string>();
const TEXTS_MAX = 500;

/** Says a query in PostgreSQL's words: `$1` for the first `?`. No text of ours holds another `?`. */
export function postgresQuery({ sql, values }: SqlQuery): PostgresQuery {
  const name = NAMES.get(sql);
  return {
    ...(name === undefined ? {} : { name }),
    text: numbered(sql),
    values: values.map((value) => (typeof value === "string" ? escapeText(value) : value)),
  };
}

function numbered(sql: string): string {
  const known = texts.get(sql);
  if (known !== undefined) return known;
  if (texts.size >= TEXTS_MAX) texts.clear();
  let count = 0;
  const text = sql.replaceAll("?", () => `$${++count}`);
  texts.set(sql, text);
  return text;
}
