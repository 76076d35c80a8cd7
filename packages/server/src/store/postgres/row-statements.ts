import type { SqlValue } from "../sql/database.js";
import { type ColumnType, ROWS, type RowWrite } from "../sql/row-write.js";
import { escapeText } from "../sql/text.js";
import type { PostgresQuery } from "./placeholders.js";

const TYPES: Readonly<Record<ColumnType, string>> = { text: "text", integer: "bigint", bytes: "bytea" };

interface RowStatement {
  readonly text: string;
  readonly columns: readonly string[];
}

const STATEMENTS = new Map<RowWrite, RowStatement>(Object.values(ROWS).map((way) => [way, statementOf(way)]));

/** Writes any number of rows by one statement, whose plan the server keeps: the rows come as one JSON text. */
export function rowQuery(name: keyof typeof ROWS, rows: readonly object[]): PostgresQuery {
  const way: RowWrite = ROWS[name];
  const { text, columns } = STATEMENTS.get(way) as RowStatement;
  const picked = (rows as readonly Readonly<Record<string, Bound>>[]).map((row) => pick(row, columns));
  return { name: `rows.${name}`, text, values: [JSON.stringify(picked)] };
}

type Bound = SqlValue | Uint8Array;

function pick(row: Readonly<Record<string, Bound>>, columns: readonly string[]): Record<string, SqlValue> {
  const picked: Record<string, SqlValue> = {};
  for (const column of columns) picked[column] = jsonValue(row[column] ?? null);
  return picked;
}

function jsonValue(value: Bound): SqlValue {
  if (typeof value === "string") return escapeText(value);
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : value;
}

function statementOf(way: RowWrite): RowStatement {
  return way.kind === "insert" ? insertStatement(way) : updateStatement(way);
}

function recordset(columns: Readonly<Record<string, ColumnType>>): string {
  const typed = Object.entries(columns).map(([column, type]) => `${column} ${TYPES[type]}`);
  return `json_to_recordset($1::json) AS given(${typed.join(", ")})`;
}

function insertStatement({ table, columns, onConflict }: Extract<RowWrite, { kind: "insert" }>): RowStatement {
  const names = Object.keys(columns);
  const conflict = onConflict === undefined ? "" : ` ON CONFLICT ${onConflict}`;
  const text = `INSERT INTO ${table} (${names.join(", ")}) SELECT ${names.join(", ")} FROM ${recordset(columns)}${conflict}`;
  return { text, columns: names };
}

function updateStatement({ table, keys, set, successor }: Extract<RowWrite, { kind: "update" }>): RowStatement {
  const assignments = Object.keys(set).map((column) => `${column} = given.${column}`);
  const conditions = Object.keys(keys).map((column) => `stored.${column} = given.${column}`);
  const columns: Record<string, ColumnType> = { ...keys, ...set };
  if (successor !== undefined) {
    columns[successor] = "integer";
    assignments.push(`${successor} = given.${successor}`);
    conditions.push(`stored.${successor} + 1 = given.${successor}`);
  }
  const text = `UPDATE ${table} AS stored SET ${assignments.join(", ")} FROM ${recordset(columns)}
    WHERE ${conditions.join(" AND ")}`;
  return { text, columns: Object.keys(columns) };
}
