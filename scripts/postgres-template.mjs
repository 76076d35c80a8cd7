import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./run.mjs";

const CACHE = `${ROOT}node_modules/.cache`;

/**
 * Names the file in which a cluster that was initialised and never started is kept: initdb takes seconds of a busy machine,
 * unpacking a fraction of one. It is one file, so that it is there whole or not at all.
 *
 * @param {string} bin - The folder of PostgreSQL's programs.
 * @param {unknown} rest - What else makes one template differ from another.
 */
export async function templateOf(bin, rest) {
  const { output } = await run(join(bin, "postgres"), ["--version"], { capture: true });
  const key = createHash("sha256").update(JSON.stringify([bin, output, rest]));
  return join(CACHE, `postgres-template-${key.digest("hex").slice(0, 16)}.tar`);
}

/**
 * @param {string} template
 * @param {string} folder - Where to unpack it, with the owners that it was packed with.
 * @returns {Promise<boolean>} False where there is none yet.
 */
export async function unpack(template, folder) {
  if (!existsSync(template)) return false;
  await tar("-xpf", template, "-C", folder);
  return true;
}

/**
 * Keeps it, unless this checkout may not be written to: it is then made anew each time.
 *
 * @param {string} template
 * @param {string} folder
 * @param {string[]} names - What of the folder to keep.
 */
export async function pack(template, folder, names) {
  const unfinished = `${template}.${process.pid}`;
  const file = openNew(unfinished);
  if (file === null) return;
  await tar("-cf", unfinished, "-C", folder, ...names);
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, template);
}

/** With a mode for the password that will be in it. */
function openNew(path) {
  try {
    mkdirSync(CACHE, { recursive: true });
    return openSync(path, "w", 0o600);
  } catch (error) {
    if (error.code === "EACCES" || error.code === "EROFS") return null;
    throw error;
  }
}

async function tar(...args) {
  const { code, output } = await run("tar", args, { capture: true });
  if (code !== 0) throw new Error(`tar ${args.join(" ")} failed:\n${output.trim()}`);
}
