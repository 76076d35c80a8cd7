import { existsSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this file is in a clone of the workspace, seen from the clone's root. */
const CLONE = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = fileURLToPath(new URL("./main.js", import.meta.url));

/** The folder of the clone that this command was built in, with a slash at the end; undefined where it was installed. */
export function cloneFolder(): string | undefined {
  return existsSync(`${CLONE}packages/cli/package.json`) ? CLONE : undefined;
}

/**
 * This command as it can be pasted into a terminal in the current folder. Inside of a clone npx finds it; elsewhere it
 * would ask a registry for a package of that name, so that there the clone's own file is named.
 */
export function commandName(): string {
  const clone = cloneFolder();
  if (clone === undefined) return "faramesh";
  const here = process.cwd();
  return `${here}${sep}`.startsWith(clone) ? "npx faramesh" : `node ${relative(here, MAIN)}`;
}
