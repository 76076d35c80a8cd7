import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, plainEnvironment, type Running, run, start } from "./running.js";
import { CLONE, snippetsOf } from "./snippets.js";

/** `npm start` compiles what has changed before it runs. */
const START_MS_MAX = 90_000;

const shown = snippetsOf("README.md").find(({ words }) => words.includes("start"))?.code ?? "";

let folder: string;
let started: Running;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faramesh-start-"));
  const more = ["--data", join(folder, ".faramesh"), "--port", "0"];
  started = start("npm", ["start", "--silent", "--", ...more], CLONE);
  await started.until(/Stop with Ctrl-C/);
}, START_MS_MAX);

afterAll(async () => {
  await started.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The steps as printed, each behind its heading, the two export lines first. */
function steps(): string[] {
  const [, ...printed] = started.stdout().split(/^# .*$/m);
  return printed.map((step) => step.replace(/^Decisions appear below.*/ms, "").trim());
}

function paste(step: string | undefined): Promise<Finished> {
  return run("bash", ["-c", `${steps()[0]}\n${step}`], { cwd: CLONE, env: plainEnvironment() });
}

/** A text without what differs from one machine and minute to the next. */
function settled(text: string): string[] {
  return text
    .replaceAll(`${folder}/`, "")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replace(/fm_[0-9a-f]{16}_[\w-]{43}/g, "KEY")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "ID")
    .replace(/^\d\d:\d\d:\d\d /gm, "TIME ")
    .split("\n")
    .filter((line) => line !== "");
}

describe("npm start", () => {
  it("prints what the README shows, and the steps it prints end as the README shows", async () => {
    const [, curl, , typescript] = steps();
    expect((await paste(curl)).code).toBe(0);
    const { stdout } = await paste(typescript);
    const approve = /approve it with: (.+)/.exec(stdout)?.[1];
    expect((await paste(approve)).code).toBe(0);
    await started.until(/ approved by developer /);

    let printed = settled(started.stdout());
    for (const part of settled(shown).join("\n").split("\n…\n")) {
      const lines = part.split("\n");
      const at = printed.indexOf(lines[0] ?? "");
      expect(printed.slice(at, at + lines.length)).toEqual(lines);
      printed = printed.slice(at + lines.length);
    }
    expect(printed).toEqual([]);
  });
});
