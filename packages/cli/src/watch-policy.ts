import { watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { testsFileOf } from "./policy-tests.js";
import { type ReloadingServer, reload } from "./server-process.js";

/** How often the files are looked at. Looking works on every file system, through links and when a file is replaced. */
const LOOK_MS = 200;
/** A text that stays as it is for so long is whole. */
const SETTLED_MS = 100;

/**
 * Reads the policy file again whenever it, or the file of tests beside it, has changed. A text that does not load, or
 * that fails its tests, changes nothing: the last good one goes on deciding, and stderr says which line and why.
 */
export function watchPolicy(server: ReloadingServer, policyFile: string): void {
  const files = [policyFile, testsFileOf(policyFile)];
  let taking = Promise.resolve();
  const changed = (): void => {
    taking = taking.then(async () => {
      await untilSettled(files);
      await reload(server, policyFile);
    });
  };
  for (const file of files) watchFile(file, { interval: LOOK_MS, persistent: false }, changed);
}

/** Editors write a file in several steps: half a policy must not decide. */
async function untilSettled(files: readonly string[]): Promise<void> {
  let before = await textsOf(files);
  for (;;) {
    await sleep(SETTLED_MS, undefined, { ref: false });
    const after = await textsOf(files);
    if (after === before) return;
    before = after;
  }
}

function textsOf(files: readonly string[]): Promise<string> {
  return Promise.all(files.map((file) => readFile(file, "utf8").catch(() => ""))).then((texts) => texts.join("\0"));
}
