import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ensurePostgres } from "../../scripts/postgres-programs.mjs";

/** The longest that starting and loading a dozen gates may take on a machine that does much else. */
const MANY_STARTS_MS = 300_000;

interface Run {
  readonly code: number | null;
  readonly output: string;
  /** What lay in its directory for temporary files when it had ended. */
  readonly leftBehind: readonly string[];
}

function bench(...args: string[]): Promise<Run> {
  return run("run.mjs", args);
}

/** Runs a script to its end: "close" comes when every process that it started has let go of its stderr. */
async function run(script: string, args: string[], variables: NodeJS.ProcessEnv = {}): Promise<Run> {
  const temporary = mkdtempSync(join(tmpdir(), "faramesh-bench-test-"));
  // PostgreSQL may run under another account, which must reach what is its own in there.
  chmodSync(temporary, 0o711);
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const env = { ...process.env, TMPDIR: temporary, ...variables };
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  const leftBehind = readdirSync(temporary);
  rmSync(temporary, { recursive: true });
  return { code: child.exitCode, output: Buffer.concat(chunks).toString("utf8"), leftBehind };
}

/** A folder of programs that can make a cluster, as far as can be told by their names, and no other. */
function folderWithoutPgbench(): string {
  const folder = mkdtempSync(join(tmpdir(), "faramesh-bench-test-"));
  for (const name of ["initdb", "postgres"]) writeFileSync(join(folder, name), "");
  return folder;
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

  it(
    "measures a gate over HTTP and leaves no process and no directory behind",
    async () => {
      const { code, output, leftBehind } = await bench(
        ...["--quick", "--row", "http-submit", "--floor", "http-submit=0.0001"],
      );
      expect(leftBehind).toEqual([]);
      expect(rowOf(output, "http-submit")[3]).toMatch(/^[\d.,]+×$/);
      expect(output).toMatch(/at half load .* p50 [\d.]+ ms, p99 [\d.]+ ms/);
      expect(code).toBe(0);
    },
    MANY_STARTS_MS,
  );

  it(
    "measures a gate on PostgreSQL against pgbench and leaves nothing behind, or says that pgbench is missing",
    async () => {
      const { code, output, leftBehind } = await bench(
        ...["--quick", "--row", "pg-submit", "--floor", "pg-submit=0.0001"],
      );
      expect(leftBehind).toEqual([]);
      const { programs } = await ensurePostgres(() => {});
      if (!programs.includes("pgbench")) {
        expect(output).toContain("could not measure pg-submit: Error: pgbench is not among");
        return;
      }
      expect(rowOf(output, "pg-submit")[3]).toMatch(/^[\d.,]+×$/);
      expect(output).toMatch(/processor time a request: gate \d+ µs, PostgreSQL/);
      expect(code).toBe(0);
    },
    MANY_STARTS_MS,
  );

  it("says what to install where pgbench is missing, and exits 1", async () => {
    const folder = folderWithoutPgbench();
    const { code, output, leftBehind } = await run("run.mjs", ["--row", "pg-submit"], { POSTGRES_BIN: folder });
    rmSync(folder, { recursive: true });
    expect(output).toContain(`pgbench is not among PostgreSQL's programs in ${folder}`);
    expect(output).toContain("apt-get install postgresql");
    expect(output).toContain("not measured: pg-submit");
    expect(code).toBe(1);
    expect(leftBehind).toEqual([]);
  });

  it.each(["growth-sqlite", "growth-postgres"])(
    "fills a small and a larger store, compares every question, memory and start, and leaves nothing behind: %s",
    async (name) => {
      const { code, output, leftBehind } = await bench("--quick", "--row", name, "--floor", `${name}=100000`);
      expect(leftBehind).toEqual([]);
      for (const part of ["list", "search-rare", "timeline", "page", "resume", "memory", "start"]) {
        const [, subject, baseline, ratio, , , verdict] = rowOf(output, `${name}/${part}`);
        const unit = part === "memory" ? "MB" : "ms";
        expect([subject, baseline, ratio], part).toEqual([
          expect.stringMatching(new RegExp(`^[\\d.,]+ ${unit}$`)),
          expect.stringMatching(new RegExp(`^[\\d.,]+ ${unit}$`)),
          expect.stringMatching(/^[\d.,]+×$/),
        ]);
        expect(verdict, part).toMatch(/^ok/);
      }
      expect(output).toContain("the large store has 300 actions");
      expect(code).toBe(0);
    },
    MANY_STARTS_MS,
  );

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
      ...["cedar", "casbin", "casl", "json-rules"].flatMap((engine) =>
        ["10", "1000", "10000"].map((rules) => `mixed-${engine}-${rules}`),
      ),
      "http-decide",
      "activation",
      "http-submit",
      "pg-submit",
      expect.stringMatching(/^growth-sqlite \(only when named: it takes .+\)$/),
      expect.stringMatching(/^growth-postgres \(only when named: it takes .+\)$/),
    ]);
    expect(code).toBe(0);
  });
});

describe("node bench/sizing.mjs", () => {
  it(
    "prints what gates on either store do and how large a database becomes, and leaves nothing behind",
    async () => {
      const { code, output, leftBehind } = await run("sizing.mjs", ["--quick"]);
      expect(leftBehind).toEqual([]);
      for (const gates of ["1, on SQLite", "2, on PostgreSQL"]) {
        expect(output).toMatch(new RegExp(`^\\| ${gates} \\| [\\d,]+ \\| [\\d.]+ and [\\d.]+ ms \\| \\d+ µs, `, "m"));
      }
      expect(output).toMatch(/^sqlite: [\d.]+ GB a million actions/m);
      expect(output).toMatch(/^postgres: [\d.]+ GB a million actions/m);
      expect(code).toBe(0);
    },
    MANY_STARTS_MS,
  );
});
