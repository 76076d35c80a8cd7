import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "../scripts/postgres-cluster.mjs";
import { ensurePostgres } from "../scripts/postgres-programs.mjs";

/** How often the processes of a cluster are counted again when some came or went meanwhile. */
const COUNTS_MAX = 10;

/** Linux counts in hundredths of a second there (USER_HZ), whatever the kernel's own clock is. */
const TICK_MICROSECONDS = 10_000;

/** Fields of /proc/PID/stat behind the program's name: own processor time, and that of children that have ended. */
const OWN_TIME = [11, 12];
const ENDED_TIME = [13, 14];

/**
 * Starts a PostgreSQL of our own, with the settings it comes with: it syncs to disk before it acknowledges.
 *
 * @param {string[]} needed - Of PostgreSQL's programs, beside those that make a cluster.
 * @throws {Error} A sentence saying what to install.
 */
export async function startCluster(needed) {
  const { bin, programs } = await ensurePostgres((line) => console.error(`setup: ${line}`));
  for (const program of needed) {
    if (!programs.includes(program)) throw new Error(adviceFor(program, bin));
  }
  const cluster = await startPostgres({ bin });
  return {
    program: (name) => join(bin, name),
    createDatabase: () => cluster.createDatabase(),
    processorTime: () => processorTimeOf(cluster.pid),
    stop: () => cluster.stop(),
  };
}

function adviceFor(program, bin) {
  return (
    `${program} is not among PostgreSQL's programs in ${bin}. On Debian or Ubuntu: apt-get install postgresql. ` +
    "Or name the folder of an installation that has it in the variable POSTGRES_BIN."
  );
}

/**
 * Says what a cluster has used, those of its processes included that have ended.
 *
 * @param {number} postmaster
 * @returns {number | null} Microseconds; null where the system does not tell.
 */
function processorTimeOf(postmaster) {
  for (let count = 0; count < COUNTS_MAX; count++) {
    const before = childrenOf(postmaster);
    if (before === null) return null;
    const times = [timeOf(postmaster, [...OWN_TIME, ...ENDED_TIME]), ...before.map((pid) => timeOf(pid, OWN_TIME))];
    if (String(childrenOf(postmaster)) === String(before)) return times.reduce((sum, time) => sum + time, 0);
  }
  return null;
}

/** @returns {string[] | null} null where the system does not tell. */
function childrenOf(pid) {
  return textIn(`/proc/${pid}/task/${pid}/children`)?.trim().split(" ").filter(Boolean) ?? null;
}

/** Nothing for a process that has just ended: then it is counted again. */
function timeOf(pid, fields) {
  const text = textIn(`/proc/${pid}/stat`) ?? "";
  const values = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.reduce((ticks, field) => ticks + Number(values[field] ?? 0), 0) * TICK_MICROSECONDS;
}

/** A file that goes when its process ends. */
function textIn(path) {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return null;
    throw error;
  }
}
