import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const DEMO = fileURLToPath(new URL("demo.mjs", import.meta.url));

interface Told {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the demo, its temporary folders in the given one. */
function tellDemo(temporary: string): Promise<Told> {
  const told: Told = { code: null, stdout: "", stderr: "" };
  const child = spawn(process.execPath, [DEMO], { env: { ...process.env, TMPDIR: temporary } });
  child.stdout.on("data", (chunk: Buffer) => {
    told.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    told.stderr += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...told, code })));
}

describe("npm run demo", () => {
  let temporary: string;
  let told: Told;
  beforeAll(async () => {
    temporary = mkdtempSync(join(tmpdir(), "faramesh-demo-test-"));
    told = await tellDemo(temporary);
  });
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  it("shows one action allowed, one denied, one approved by a second principal, none run twice, and exits 0", () => {
    const { code, stdout, stderr } = told;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("EXECUTE: the command ran and printed complaint.txt");
    expect(stdout).toContain("HALT: The policy denied shell exec: Recursive deletion is never automatic");
    expect(stdout).toContain("approved by finance");
    expect(stdout).toMatch(/refused: the action is succeeded \(not_claimable/);
    expect(stdout).toContain("the payment API saw exactly one refund");
  });

  it("leaves no folder and no process behind", () => {
    const pid = Number(/process (\d+)/.exec(told.stdout)?.[1]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("says what went wrong and exits non-zero where it cannot work", async () => {
    const { code, stderr } = await tellDemo(join(temporary, "nowhere"));
    expect(code).not.toBe(0);
    expect(stderr).toContain("ENOENT");
  });
});
