import { readdirSync, readFileSync } from "node:fs";

/** A step of a schema, numbered from 1 without a gap. */
export interface Migration {
  readonly version: number;
  /** The file's name, `0001_init.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** @throws Error when a number is missing or doubled. */
export function migrationsOf(dialect: "sqlite" | "postgres"): Migration[] {
  const directory = new URL(`../../migrations/${dialect}/`, import.meta.url);
  const names = readdirSync(directory).filter((name) => /^\d{4}_\w+\.sql$/.test(name));
  return names.sort().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`migration ${name} is out of order`);
    return { version, name, sql: readFileSync(new URL(name, directory), "utf8") };
  });
}

/** @throws Error when the database is ahead of this release. */
export function assertNotNewer(version: number, migrations: readonly Migration[]): void {
  if (version > migrations.length) {
    throw new Error(`the database has schema ${version}, made by a newer release; this one knows ${migrations.length}`);
  }
}
