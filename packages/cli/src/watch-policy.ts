import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { testsFileOf } from "./policy-tests.js";
import { type ReloadingServer, reload } from "./server-process.js";

/** How often the files are read. Reading works on every file system, through links and when a file is replaced. */
const LOOK_MS = 200;
/** A text that stays as it is for so long is whole: editors write a file in several steps. */
const SETTLED_MS = 100;

/**
 * Reads the policy file again whenever it, or the file of tests beside it, says something else. A text that does not
 * load, or that fails its tests, changes nothing: the last good one goes on deciding, and stderr says which line and why.
 *
 * @returns The server, whose `close` ends the watching first.
 */
export function watchPolicy<Server extends ReloadingServer>(server: Server, policyFile: string): Server {
  const files = [policyFile, testsFileOf(policyFile)];
  const ending = new AbortController();
  const watching = watch(server, files, ending.signal);
  const close = async (): Promise<void> => {
    ending.abort();
    await watching;
    await server.close();
  };
  return { ...server, close };
}

async function watch(server: ReloadingServer, files: readonly string[], ended: AbortSignal): Promise<void> {
  const [policyFile = ""] = files;
  let taken = together(files.map(textOf));
  while (await hasPassed(LOOK_MS, ended)) {
    const seen = await textsOf(files);
    if (seen === taken || !(await hasPassed(SETTLED_MS, ended)) || (await textsOf(files)) !== seen) continue;
    taken = seen;
    await reload(server, policyFile);
  }
}

/** Whether a time went by before the end. */
function hasPassed(ms: number, ended: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal: ended, ref: false }).catch(() => false);
}

/** A file that is not there says nothing. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

async function textsOf(files: readonly string[]): Promise<string> {
  return together(await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => ""))));
}

function together(texts: readonly string[]): string {
  return texts.join("\0");
}
