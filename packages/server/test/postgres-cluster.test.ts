import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client, type QueryResultRow } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, type ClusterOptions, startPostgres } from "../../../scripts/postgres-cluster.mjs";
import { ensurePostgres } from "../../../scripts/postgres-programs.mjs";
import { freshDatabase } from "./postgres.js";

const PROGRAM = fileURLToPath(new URL("../../../scripts/postgres.mjs", import.meta.url));

async function query<Row extends QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function start(options: Omit<ClusterOptions, "bin"> = {}): Promise<Cluster> {
  const { bin } = await ensurePostgres(() => {});
  return startPostgres({ bin, ...options });
}

function withPassword(url: string, password: string): string {
  return Object.assign(new URL(url), { password }).href;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a cluster", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await start();
  });
  afterAll(() => cluster.stop());

  it("takes connections with its password only", async () => {
    await expect(query(cluster.url, "SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
    await expect(query(withPassword(cluster.url, "guess"), "SELECT 1")).rejects.toThrow(
      "password authentication failed",
    );
    await expect(query(withPassword(cluster.url, ""), "SELECT 1")).rejects.toThrow("password");
  });

  it("takes connections on 127.0.0.1 only", async () => {
    const others = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    for (const host of ["::1", ...others.filter(({ internal }) => !internal).map(({ address }) => address)]) {
      const socket = connect({ host, port: cluster.port });
      const answer = await Promise.race([once(socket, "connect").then(() => "connected"), once(socket, "error")]).catch(
        () => "refused",
      );
      socket.destroy();
      expect(answer, host).not.toBe("connected");
    }
    await expect(query(cluster.url, "SHOW unix_socket_directories")).resolves.toEqual([
      { unix_socket_directories: "" },
    ]);
  });

  it("has what it acknowledged on disk, and sorts by code points", async () => {
    const settings = await query(
      cluster.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              current_setting('full_page_writes') AS pages, current_setting('server_encoding') AS encoding,
              'Z' < 'a' AND 'z' < 'ä' AS sorts_by_code_points`,
    );
    expect(settings).toEqual([
      { fsync: "on", commit: "on", pages: "on", encoding: "UTF8", sorts_by_code_points: true },
    ]);
  });

  it("stands beside another one, which passes over the port that is taken, each with its own data", async () => {
    const other = await start({ ports: [cluster.port, cluster.port, cluster.port + 1, cluster.port + 2] });
    try {
      expect(other.port).not.toBe(cluster.port);
      const [mine, its] = [await cluster.createDatabase("same_name"), await other.createDatabase("same_name")];
      await query(mine, "CREATE TABLE kept (id int)");
      await expect(query(its, "SELECT * FROM kept")).rejects.toThrow('relation "kept" does not exist');
    } finally {
      await other.stop();
    }
    expect(existsSync(other.directory)).toBe(false);
    await expect(query(other.url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
  });

  it("comes back on the same port with its data after SIGKILL of all its processes", async () => {
    const url = await cluster.createDatabase();
    await query(url, "CREATE TABLE kept AS SELECT 7 AS id");
    const postmaster = Number(cluster.pid);

    await cluster.kill();
    expect(isRunning(postmaster)).toBe(false);
    await expect(query(url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");

    await cluster.start();
    expect(cluster.pid).not.toBe(postmaster);
    await expect(query(url, "SELECT id FROM kept")).resolves.toEqual([{ id: 7 }]);
  });

  it("that cannot start says what PostgreSQL said, and leaves nothing behind", async () => {
    const directory = mkdtempSync(join(tmpdir(), "faramesh-postgres-test-"));
    chmodSync(directory, 0o755);
    await expect(start({ directory, settings: { no_such_setting: 1 } })).rejects.toThrow(
      'unrecognized configuration parameter "no_such_setting"',
    );
    expect(readdirSync(directory)).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});

interface Running {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
  readonly url: string;
  readonly postmaster: number;
  readonly folder: string;
}

describe("scripts/postgres.mjs", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  async function runProgram(): Promise<Running> {
    const child = spawn(process.execPath, [PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    const reader: Interface = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    const url = (await lines.next()).value as string;
    const [told] = await query<{ pid: string; folder: string }>(
      url,
      "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid, current_setting('data_directory') AS folder",
    );
    if (told === undefined) throw new Error("no answer");
    return {
      child,
      lines,
      url,
      postmaster: Number(told.pid),
      folder: dirname(told.folder),
    };
  }

  it.each([
    ["is killed", (child: ChildProcess) => child.kill("SIGKILL")],
    ["is asked to end", (child: ChildProcess) => child.kill("SIGTERM")],
    ["has its standard input closed", (child: ChildProcess) => child.stdin?.end()],
  ])("takes its cluster and all files of it along when it %s", async (_how, end) => {
    const { child, postmaster, folder } = await runProgram();
    expect(isRunning(postmaster)).toBe(true);
    expect(existsSync(folder)).toBe(true);
    end(child);
    await expect.poll(() => isRunning(postmaster), { timeout: 5_000 }).toBe(false);
    await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
  });

  it("answers each line with the URL of another empty database", async () => {
    const { child, lines, url } = await runProgram();
    child.stdin?.write("\n\n");
    const urls = [url, (await lines.next()).value as string, (await lines.next()).value as string];
    expect(new Set(urls).size).toBe(3);
    for (const one of urls) await expect(query(one, "CREATE TABLE mine (id int)")).resolves.toEqual([]);
  });

  it("says so when POSTGRES_BIN names a folder without PostgreSQL, and looks nowhere else", async () => {
    const env = { ...process.env, POSTGRES_BIN: "/nonexistent" };
    const child = spawn(process.execPath, [PROGRAM], { stdio: ["ignore", "ignore", "pipe"], env });
    children.push(child);
    expect(await text(child.stderr)).toContain("POSTGRES_BIN is /nonexistent, where initdb and postgres are not.");
  });
});

describe("freshDatabase", () => {
  it("gives each caller an empty database, and takes it back whoever is connected", async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    await query(one.url, "CREATE TABLE mine (id int)");
    await expect(query(two.url, "SELECT * FROM mine")).rejects.toThrow("does not exist");

    const connected = new Client({ connectionString: one.url });
    const thrownOut = new Promise((resolve) => connected.on("error", resolve));
    await connected.connect();
    await Promise.all([one.drop(), two.drop()]);
    await thrownOut;
    await expect(query(one.url, "SELECT 1")).rejects.toThrow("not currently accepting connections");
  });
});
