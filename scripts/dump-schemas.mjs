/** Writes down the schemas that the migrations come to, for readers, and for reviewers to see what a migration changes. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "./postgres-cluster.mjs";
import { ensurePostgres } from "./postgres-programs.mjs";
import { ROOT, run, tool } from "./run.mjs";

const SERVER = `${ROOT}packages/server/`;

/** Partitions that are made as time goes by: `actions_2031_11`, `ledger_entries_000001`. */
const MADE_LATER = "*_[0-9]*";

const HEADER = "-- What the migrations in this folder come to. Written by: node scripts/dump-schemas.mjs\n";

await main();

async function main() {
  await build();
  write("sqlite", await sqliteSchema());
  write("postgres", await postgresSchema());
}

async function build() {
  const { code } = await run(tool("tsc"), ["--build", "packages/server"]);
  if (code !== 0) throw new Error("the packages do not build");
}

function write(dialect, statements) {
  const file = `${SERVER}migrations/${dialect}/schema.sql`;
  writeFileSync(file, `${HEADER}\n${statements.trim()}\n`);
  console.log(`written: ${file.slice(ROOT.length)}`);
}

async function sqliteSchema() {
  const { openDatabase } = await import(`${SERVER}dist/store/sqlite/database.js`);
  const folder = mkdtempSync(join(tmpdir(), "faramesh-schema-"));
  const { sqlite } = openDatabase(join(folder, "faramesh.db"));
  // Shadow tables belong to a virtual one, and are made with it.
  const rows = sqlite.prepare(`
    SELECT sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
    ORDER BY tbl_name, type <> 'table', type, name`);
  const statements = rows.all().map(({ sql }) => `${sql};\n`);
  sqlite.close();
  rmSync(folder, { recursive: true });
  return statements.join("\n");
}

async function postgresSchema() {
  const { migratePostgres } = await import(`${SERVER}dist/index.js`);
  const { bin, programs } = await ensurePostgres(console.log);
  if (!programs.includes("pg_dump")) throw new Error(`pg_dump is needed; it is not in ${bin}`);
  const cluster = await startPostgres({ bin });
  try {
    await migratePostgres(cluster.url, Date.now());
    return withoutVersions(await dump(join(bin, "pg_dump"), cluster.url));
  } finally {
    await cluster.stop();
  }
}

async function dump(program, url) {
  const args = ["--schema-only", "--no-owner", "--no-privileges", `--exclude-table=${MADE_LATER}`, url];
  const { code, output } = await run(program, args, { capture: true });
  if (code !== 0) throw new Error(`pg_dump failed:\n${output.trim()}`);
  return output;
}

/** Leaves out what differs from one pg_dump to the next, and its headings. */
function withoutVersions(text) {
  return text
    .replace(/^--\n-- .*\n--\n\n?/gm, "")
    .replace(/^(-- Dumped |\\(un)?restrict |SET |SELECT pg_catalog\.set_config).*\n/gm, "")
    .replace(/\n{3,}/g, "\n\n");
}
