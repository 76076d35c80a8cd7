import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster } from "./cluster.js";
import type { FaultName } from "./faults.js";
import { startPostgresServers } from "./postgres-cluster.js";
import { prove, type Report } from "./run.js";
import { startSqliteServer } from "./sqlite-cluster.js";
import { describeViolation } from "./violation.js";

/** A soak runs longer, again and again, and keeps what it saw: `scripts/many-nodes-soak.mjs`. */
const {
  MANY_NODES_SECONDS: seconds = "8",
  MANY_NODES_SEED: seed = String(Date.now() % 1_000_000),
  MANY_NODES_REPORTS: reports,
} = process.env;

/** How much longer clients work on a machine that is slow, until each fault came once. */
const LATE_SECONDS = 180;
/** Beyond the work itself: nodes start, what ends by itself ends, and everything is read. */
const AROUND_SECONDS = 120;

const OPERATIONS = ["submit", "approve", "reject", "claim", "consume", "report", "cancel", "read", "wait", "list"];
const RULE_CHANGES = ["disable", "enable", "policy"];

let cluster: Cluster | null = null;
afterEach(async () => {
  await cluster?.close();
  cluster = null;
});

async function run(name: string, start: () => Promise<Cluster>, faults: readonly FaultName[]): Promise<Report> {
  cluster = await start();
  const settings = {
    seconds: Number(seconds),
    answers: 800,
    secondsMax: Number(seconds) + LATE_SECONDS,
    seed: Number(seed),
    faults,
  };
  const report = await prove(cluster, settings);
  const text = JSON.stringify({ name, settings, ...report }, null, 2);
  if (reports !== undefined) writeFileSync(join(reports, `${seed}-${name}.json`), text);
  return report;
}

function expectKept(report: Report, faults: readonly FaultName[]): void {
  expect(report.violations.map(describeViolation)).toEqual([]);
  // What did not happen was not tried.
  for (const fault of faults) expect([fault, report.faults[fault]]).not.toEqual([fault, 0]);
  expect(answeredOperations(report)).toEqual(expect.arrayContaining([...OPERATIONS, ...RULE_CHANGES]));
}

function answeredOperations({ figures }: Report): string[] {
  return Object.keys(figures.operations).flatMap((name) => (name.endsWith(" ok") ? [name.slice(0, -3)] : []));
}

const FAULTS_OF_ONE: readonly FaultName[] = ["kill", "stop", "cut", "terminate"];

describe(`with seed ${seed}`, { timeout: 1_000 * (Number(seconds) + LATE_SECONDS + AROUND_SECONDS) }, () => {
  it("one server on SQLite keeps every promise, while it is killed, stopped, ended and cut off", async () => {
    expectKept(await run("sqlite", startSqliteServer, FAULTS_OF_ONE), FAULTS_OF_ONE);
  });

  it("three servers on one PostgreSQL keep every promise, while they and it are killed, stopped, ended and cut off", async () => {
    const faults: FaultName[] = [...FAULTS_OF_ONE, "zombie", "kill_all", "database"];
    expectKept(await run("postgres", startPostgresServers, faults), faults);
  });
});
