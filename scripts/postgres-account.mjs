import { chownSync } from "node:fs";
import { userInfo } from "node:os";
import { run } from "./run.mjs";

/**
 * Says as whom PostgreSQL's programs run: as ourselves, but they refuse root.
 *
 * @returns {Promise<{ name: string, uid?: number, gid?: number }>} Without numbers where it is ourselves.
 * @throws {Error} Where we are root and there is no account to use.
 */
export async function unprivilegedAccount() {
  if (process.getuid?.() !== 0) return { name: userInfo().username };
  for (const name of ["postgres", "nobody"]) {
    const ids = await Promise.all(["-u", "-g"].map((flag) => run("id", [flag, name], { capture: true })));
    if (ids.every(({ code }) => code === 0)) return { name, uid: Number(ids[0].output), gid: Number(ids[1].output) };
  }
  throw new Error("PostgreSQL does not run as root, and this system has neither an account postgres nor nobody.");
}

/** Gives the account what we have made for its programs. */
export function handOver(path, { uid, gid }) {
  if (uid !== undefined) chownSync(path, uid, gid);
}
