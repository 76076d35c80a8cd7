import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../run.mjs", import.meta.url));

interface Run {
  readonly code: number | null;
  readonly output: string;
  /** What lay in its directory for temporary files when it had ended. */
  readonly leftBehind: readonly string[];
}

/** Runs the bench to its end: "close" comes when every process that it started has let go of its stderr. */
async function bench(...args: string[]): Promise<Run> {
  const temporary = mkdtempSync(join(tmpdir(), "faramesh-bench-test-"));
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  const leftBehind = readdirSync(temporary);
  rmSync(temporary, { recursive: true });
  return { code: child.exitCode, output: Buffer.concat(chunks).toString("utf8"), leftBehind };
}

/** The cells of a row in the printed table. */
function rowOf(output: string, name: string): string[] {
  const line = output.split("\n").find((one) => one.startsWith(`${name} `)) ?? "";
  return line.trim().split(/ {2,}/);
}

describe("npm run bench", () => {
  // The floor is generous: what a busy machine measures must not fail a test.
  it("prints a row with its ratio, its floor and the load, and exits 0 when the floor is met", async () => {
    const { code, output } = await bench("--quick", "--row", "decide-10", "--floor", "decide-10=100000");
    const [name, subject, baseline, ratio, floor, aim, verdict, load] = rowOf(output, "decide-10");
    expect(name).toBe("decide-10");
    expect(subject).toMatch(/^[\d.,]+ (ns|µs)$/);
    expect(baseline).toMatch(/^[\d.,]+ (ns|µs)$/);
    expect(ratio).toMatch(/^[\d.,]+×$/);
    expect(floor).toBe("≤ 100,000×");
    expect(aim).toBe("≤ 4.00×");
    expect(verdict).toMatch(/^ok/);
    expect(load).toMatch(/^\d+\.\d\d$/);
    expect(output).toContain(`Node ${process.version}`);
    expect(code).toBe(0);
  });

  it("exits 1 and names the row when a floor is missed", async () => {
    const { code, output } = await bench("--quick", "--row", "decide-10", "--floor", "decide-10=0.0001");
    expect(rowOf(output, "decide-10")).toContain("MISS");
    expect(output).toContain("floor missed: decide-10");
    expect(code).toBe(1);
  });

  it("measures a gate over HTTP and leaves no process and no directory behind", async () => {
    const { code, output, leftBehind } = await bench(
      ...["--quick", "--row", "http-submit", "--floor", "http-submit=0.0001"],
    );
    expect(leftBehind).toEqual([]);
    expect(rowOf(output, "http-submit")[3]).toMatch(/^[\d.,]+×$/);
    expect(output).toMatch(/at half load .* p50 [\d.]+ ms, p99 [\d.]+ ms/);
    expect(code).toBe(0);
  });

  it.each(["--row decide-11", "--floor decide-10", "--floor decide-10=fast", "--fast"])(
    "refuses what it does not understand with exit code 2: %s",
    async (args) => {
      const { code, output } = await bench(...args.split(" "));
      expect(output).toContain("usage: npm run bench");
      expect(code).toBe(2);
    },
  );

  it("names its rows on request without measuring anything", async () => {
    const { code, output } = await bench("--list");
    expect(output.trim().split("\n")).toEqual([
      "decide-10",
      "decide-10000",
      "cedar-10",
      "cedar-1000",
      "casbin-10",
      "casbin-1000",
      "http-decide",
      "http-submit",
    ]);
    expect(code).toBe(0);
  });
});
