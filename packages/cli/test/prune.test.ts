import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Action } from "@faramesh/protocol";
import { startServer } from "@faramesh/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ALLOWED, POLICY } from "./policies.js";
import { ADMIN_KEY, type Finished, faramesh, type Scratch, scratch, startGate, type TestGate } from "./running.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const DAY_MS = 86_400_000;
const ANSWER_MS_MAX = 20_000;
/** Runs a command in a terminal of its own. */
const IN_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

let folder: Scratch;
let gate: TestGate;

async function open(): Promise<void> {
  folder = await scratch();
  await writeFile(folder.path("policy.yaml"), POLICY);
  await submitLongAgo(5, 100);
  gate = await startGate(folder.path("data"), folder.path("policy.yaml"));
}

async function close(): Promise<void> {
  await gate.stop();
  await folder.remove();
}

/** A gate whose clock was some days ago, with actions of that time; it is over by now. */
async function submitLongAgo(count: number, days: number): Promise<void> {
  const now = Date.now;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() - days * DAY_MS);
  const config = { dataDir: folder.path("data"), host: "127.0.0.1", port: 0, adminKey: ADMIN_KEY };
  const server = await startServer({ ...config, logLevel: "silent", policySource: POLICY });
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" };
  for (let n = 0; n < count; n++) {
    const body = JSON.stringify(ALLOWED);
    expect((await fetch(`${server.url}/v1/actions`, { method: "POST", headers, body })).status).toBe(201);
  }
  await server.close();
  clock.mockRestore();
}

const run = (...args: string[]): Promise<Finished> => faramesh(["prune", ...args], { env: gate.env });

async function listed(): Promise<number> {
  const response = await fetch(`${gate.url}/v1/actions`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  return ((await response.json()) as Action[]).length;
}

/** Runs it in a terminal, where it asks, and answers. */
async function answered(answer: string, ...args: string[]): Promise<{ code: number | null; shown: string }> {
  const command = ["-c", IN_TERMINAL, process.execPath, MAIN, "prune", ...args];
  const child = spawn("python3", command, { env: { ...process.env, NO_COLOR: "1", ...gate.env } });
  const overdue = setTimeout(() => child.kill("SIGKILL"), ANSWER_MS_MAX);
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const wasAsked = shown.includes("[y/N]");
    shown += chunk.toString();
    if (!wasAsked && shown.includes("[y/N]")) child.stdin.write(`${answer}\n`);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(overdue);
  return { code, shown };
}

describe("prune that removes nothing", () => {
  beforeAll(open);
  afterAll(close);

  it("because of --dry-run shows what would go", async () => {
    const { code, stdout } = await run("--before", "90d", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^would remove 5 actions and 6 ledger entries from before \S+; the ledger would begin at 6\n$/,
    );
    expect(await listed()).toBe(5);
  });

  it("takes a number of days, a date or a time all the same, and prints JSON", async () => {
    const json = async (before: string): Promise<unknown> =>
      JSON.parse((await run("--before", before, "--dry-run", "--json")).stdout);
    const date = new Date(Date.now() - 90 * DAY_MS).toISOString().slice(0, 10);
    expect(await json(date)).toMatchObject({ before: `${date}T00:00:00.000Z`, actions: 5, dry_run: true });
    expect(await json(`${date}T12:30:00+02:00`)).toMatchObject({ before: `${date}T10:30:00.000Z`, actions: 5 });
    const { before } = (await json("110d")) as { before: string };
    expect(Math.abs(Date.now() - 110 * DAY_MS - Date.parse(before))).toBeLessThan(60_000);
  });

  it("because nobody can be asked and --yes is not given says so, with exit code 2", async () => {
    const { code, stderr } = await run("--before", "90d");
    expect([code, await listed()]).toEqual([2, 5]);
    expect(stderr).toContain("--yes");
  });

  it.each(["soon", "90", "2026-1-1"])("because %s is no time says so, with exit code 2", async (before) => {
    expect((await run("--before", before, "--yes")).code).toBe(2);
  });

  it("because that is too recent names the gate's code", async () => {
    const { code, stderr } = await run("--before", "7d", "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("code: too_recent");
  });
});

describe("prune that removes", () => {
  beforeEach(open);
  afterEach(close);

  it("says where the ledger begins then, and the gate logs it in one line", async () => {
    const { code, stdout } = await run("--before", "90d", "--yes");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^removed 5 actions and 6 ledger entries from before \S+; the ledger begins at 6, behind the root\n[0-9a-f]{64}\n$/,
    );
    expect(await listed()).toBe(0);
    const lines = gate.stderr().split("\n");
    const logged = lines.filter((line) => line.includes('"msg":"pruned"')).map((line) => JSON.parse(line) as object);
    expect(logged).toMatchObject([{ level: 30, actions: 5, entries: 6, first_index: 6, by: "bootstrap" }]);
    expect((await run("--before", "90d", "--yes")).stdout).toMatch(/^there is nothing to remove from before /);
  });

  it("asks on a terminal first, and does it only after a yes", async () => {
    const refused = await answered("n", "--before", "90d");
    expect(refused.shown).toContain("would remove 5 actions");
    expect(refused.shown).toContain("code: not_confirmed");
    expect([refused.code, await listed()]).toEqual([1, 5]);
    const confirmed = await answered("y", "--before", "90d");
    expect(confirmed.shown).toContain("removed 5 actions");
    expect([confirmed.code, await listed()]).toEqual([0, 0]);
  });
});
