import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { migrationsOf } from "../../src/store/migrations.js";
import { migratePostgres } from "../../src/store/postgres/migrate.js";
import { openDatabase, type Sqlite } from "../../src/store/sqlite/database.js";
import { freshDatabase } from "../postgres.js";

const CURE = "schema.sql is not what the migrations come to; write it anew: node scripts/dump-schemas.mjs";

/** What makes a schema in PostgreSQL, a line each, in the words of the server. Partitions that come with time are left out. */
const DESCRIPTION = String.raw`
  WITH known AS (
    SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '_\d'
  )
  SELECT concat_ws(' ', 'relation', relkind, relname, reloptions::text, pg_get_partkeydef(known.oid),
                   inhparent::regclass, pg_get_expr(relpartbound, known.oid)) AS line
    FROM known LEFT JOIN pg_inherits ON inhrelid = known.oid WHERE relkind <> 'i'
  UNION ALL
  SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attcollation::regcollation,
                   CASE WHEN attnotnull THEN 'NOT NULL' END, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
    FROM known JOIN pg_attribute ON attrelid = known.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
   WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
  UNION ALL
  SELECT concat_ws(' ', 'constraint', relname, conname, pg_get_constraintdef(pg_constraint.oid))
    FROM known JOIN pg_constraint ON conrelid = known.oid WHERE contype <> 'n'
  UNION ALL
  SELECT concat_ws(' ', 'index', inhparent::regclass, pg_get_indexdef(known.oid))
    FROM known LEFT JOIN pg_inherits ON inhrelid = known.oid WHERE relkind IN ('i', 'I')
  UNION ALL
  SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(pg_trigger.oid))
    FROM known JOIN pg_trigger ON tgrelid = known.oid WHERE NOT tgisinternal
  UNION ALL
  SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
  UNION ALL
  SELECT concat_ws(' ', 'extension', extname) FROM pg_extension
  ORDER BY 1`;

function textOf(dialect: "sqlite" | "postgres"): string {
  return readFileSync(new URL(`../../migrations/${dialect}/schema.sql`, import.meta.url), "utf8");
}

function describeSqlite(sqlite: Sqlite): unknown[] {
  return sqlite.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").all();
}

/** Makes a database, and describes what there is then. */
async function describePostgres(make: (url: string, client: Client) => Promise<unknown>): Promise<string[]> {
  const { url, drop } = await freshDatabase();
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await make(url, client);
    const { rows } = await client.query<{ line: string }>(DESCRIPTION);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
    await drop();
  }
}

describe("migrations/sqlite/schema.sql", () => {
  it("makes the schema that the migrations make", () => {
    const folder = mkdtempSync(join(tmpdir(), "faramesh-schema-"));
    const { sqlite: migrated } = openDatabase(join(folder, "faramesh.db"));
    const written = new DatabaseSync(":memory:");
    written.exec(textOf("sqlite"));
    expect(describeSqlite(written), CURE).toEqual(describeSqlite(migrated));
    written.close();
    migrated.close();
    rmSync(folder, { recursive: true });
  });
});

describe("migrations/postgres/schema.sql", () => {
  it("makes the schema that the migrations make", async () => {
    const migrated = await describePostgres((url) => migratePostgres(url, Date.now()));
    const written = await describePostgres((_url, client) => client.query(textOf("postgres")));
    expect(migrated.length).toBeGreaterThan(50);
    expect(written, CURE).toEqual(migrated);
  });

  it("does not depend on the time at which it is looked at", async () => {
    const [one, other] = await Promise.all(
      [Date.UTC(2031, 0, 1), Date.UTC(2040, 6, 1)].map((atMs) => describePostgres((url) => migratePostgres(url, atMs))),
    );
    expect(one).toEqual(other);
  });
});

describe("the folder of migrations", () => {
  it.each(["sqlite", "postgres"] as const)("of %s holds its schema beside them, which is none", (dialect) => {
    expect(textOf(dialect)).toContain("CREATE TABLE");
    for (const { name } of migrationsOf(dialect)) expect(name).toMatch(/^\d{4}_/);
  });
});
