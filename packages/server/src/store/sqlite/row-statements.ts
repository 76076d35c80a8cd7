import { ROWS, type RowWrite } from "../sql/row-write.js";
import { escapeText } from "../sql/text.js";
import type { Sqlite, Statement } from "./database.js";
import { placeOf } from "./place.js";

/** What the driver binds. */
type Bound = string | number | bigint | null | Uint8Array;

/** A column that only this dialect has, made from the row. */
interface MadeColumn {
  readonly column: string;
  readonly of: (row: Readonly<Record<string, Bound>>) => Bound;
}

const MADE: Partial<Record<keyof typeof ROWS, MadeColumn>> = {
  newAction: { column: "place", of: ({ id }) => placeOf(id as string) },
};

interface RowStatement {
  readonly statement: Statement;
  readonly columns: readonly string[];
  readonly made: MadeColumn | undefined;
  readonly isGuarded: boolean;
}

/** Writes rows one by one, each way by one prepared statement: inside a transaction that is what SQLite is fast at. */
export class RowStatements {
  readonly #ways: Readonly<Record<keyof typeof ROWS, RowStatement>>;

  constructor(sqlite: Sqlite) {
    const names = Object.keys(ROWS) as (keyof typeof ROWS)[];
    const prepared = names.map((name) => [name, prepare(sqlite, ROWS[name], MADE[name])]);
    this.#ways = Object.fromEntries(prepared) as Record<keyof typeof ROWS, RowStatement>;
  }

  /** @throws Error when a row that is to follow another one finds that it is not there. */
  write(way: keyof typeof ROWS, rows: readonly object[]): void {
    const { statement, columns, made, isGuarded } = this.#ways[way];
    for (const row of rows as readonly Readonly<Record<string, Bound>>[]) {
      const values = columns.map((column) => bound(row[column] as Bound));
      if (made !== undefined) values.push(made.of(row));
      const { changes } = statement.run(...values);
      if (isGuarded && changes !== 1) throw new Error(`a row of ${ROWS[way].table} is not the one that was read`);
    }
  }
}

function bound(value: Bound): Bound {
  return typeof value === "string" ? escapeText(value) : value;
}

function prepare(sqlite: Sqlite, way: RowWrite, made: MadeColumn | undefined): RowStatement {
  if (way.kind === "insert") {
    const columns = Object.keys(way.columns);
    const into = made === undefined ? columns : [...columns, made.column];
    const conflict = way.onConflict === undefined ? "" : ` ON CONFLICT ${way.onConflict}`;
    const sql = `INSERT INTO ${way.table} (${into.join(", ")}) VALUES (${into.map(() => "?").join(", ")})${conflict}`;
    return { statement: sqlite.prepare(sql), columns, made, isGuarded: false };
  }
  const { table, keys, set, successor } = way;
  const assignments = Object.keys(set).map((column) => `${column} = ?`);
  const conditions = Object.keys(keys).map((column) => `${column} = ?`);
  const columns = [...Object.keys(set), ...Object.keys(keys)];
  if (successor !== undefined) {
    assignments.push(`${successor} = ${successor} + 1`);
    conditions.push(`${successor} + 1 = ?`);
    columns.push(successor);
  }
  const sql = `UPDATE ${table} SET ${assignments.join(", ")} WHERE ${conditions.join(" AND ")}`;
  return { statement: sqlite.prepare(sql), columns, made, isGuarded: successor !== undefined };
}
