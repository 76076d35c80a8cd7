import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ROOT, run } from "./run.mjs";

const FOLDER = `${ROOT}packages/sdk/test/frameworks/`;
const STAMP = `${FOLDER}node_modules/.installed-from.sha256`;

/**
 * Installs the agent frameworks that the SDK's adapters are tested with, or finds them installed: again whenever their
 * lockfile changes. They are a project of their own, because they are larger than everything else together.
 *
 * @param {(line: string) => void} say - Told what is done.
 * @throws {Error} What npm said, where it could not install them.
 */
export async function ensureFrameworks(say) {
  const wanted = createHash("sha256")
    .update(readFileSync(`${FOLDER}package-lock.json`))
    .digest("hex");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  say("installing the agent frameworks of packages/sdk/test/frameworks");
  const { code, output } = await run("npm", ["ci", "--prefix", FOLDER, "--loglevel", "error"], { capture: true });
  if (code !== 0) throw new Error(`npm could not install the agent frameworks:\n${output.trim()}`);
  writeFileSync(STAMP, wanted);
}
