import { parseArgs } from "node:util";
import { MAKERS } from "./growth/filled-stores.mjs";
import { CONNECTIONS, requestsTo } from "./load/requests.mjs";
import { load, machine } from "./machine.mjs";
import { usageOf } from "./processes.mjs";
import { median } from "./rounds.mjs";
import { onStage } from "./stage.mjs";

/**
 * Measures what one gate on SQLite and one, two and three on PostgreSQL do, for docs/guides/many-nodes.md: nothing here
 * is held against a floor.
 */

const USAGE = "usage: node bench/sizing.mjs [--quick], after npm run build";

const SETUPS = [
  { name: "1, on SQLite", gates: 1, isShared: false },
  { name: "1, on PostgreSQL", gates: 1, isShared: true },
  { name: "2, on PostgreSQL", gates: 2, isShared: true },
  { name: "3, on PostgreSQL", gates: 3, isShared: true },
];

const FULL = { setups: SETUPS, rounds: 3, warmUpSeconds: 5, seconds: 5, filledActions: 100_000 };

/** To see that it works, not to quote. */
const QUICK = {
  setups: SETUPS.filter(({ gates, isShared }) => !isShared || gates === 2),
  ...{ rounds: 1, warmUpSeconds: 0.2, seconds: 0.5, filledActions: 200 },
};

const MEGABYTE = 1_000_000;
const GIGABYTE = 1_000_000_000;
const MILLION = 1_000_000;

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
await main();

async function main() {
  const effort = isQuick() ? QUICK : FULL;
  console.log(`${machine()}; load ${load().toFixed(2)} before\n`);
  const turns = await onStage((stage) => allTurns(stage, effort));
  console.log(table(effort.setups, turns));
  console.log(`\n${CONNECTIONS} connections, spread evenly; nothing is pinned; load ${load().toFixed(2)}\n`);
  for (const kind of Object.keys(MAKERS)) console.log(await onStage((stage) => sizeLine(stage, kind, effort)));
}

function isQuick() {
  try {
    return parseArgs({ options: { quick: { type: "boolean", default: false } } }).values.quick;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}

/** Setup by setup, again and again, so that whatever else the machine does meets all of them. */
async function allTurns(stage, effort) {
  const cluster = await stage.startCluster();
  const generate = await stage.startGenerator(null);
  const turns = effort.setups.map(() => []);
  for (let round = 0; round < effort.rounds; round++) {
    for (const [place, setup] of effort.setups.entries()) {
      turns[place].push(await onStage((inner) => oneTurn(inner, setup, { cluster, generate, effort })));
    }
  }
  return turns;
}

/** Starts the gates of a setup, and loads them until they are warm, and then for the figures. */
async function oneTurn(stage, { gates: count, isShared }, { cluster, generate, effort }) {
  const where = isShared ? await cluster.createDatabase() : stage.newDirectory();
  const gates = [];
  for (let started = 0; started < count; started++) gates.push(await stage.startGate([where], null));
  const job = {
    ports: gates.map(({ port }) => port),
    requests: requestsTo("/v1/actions", gates[0].key),
    statuses: [201],
    connections: CONNECTIONS,
  };
  await generate({ ...job, seconds: effort.warmUpSeconds });
  const before = await processorTimes(gates, cluster);
  const { perSecond, answered } = await generate({ ...job, seconds: effort.seconds });
  const after = await processorTimes(gates, cluster);
  const latency = await generate({ ...job, seconds: effort.seconds, ratePerSecond: perSecond / 2 });
  const memory = await Promise.all(gates.map(async ({ process }) => (await usageOf(process)).rssBytes / MEGABYTE));
  return {
    perSecond,
    gateMicroseconds: (after.gates - before.gates) / answered,
    databaseMicroseconds: isShared && after.database !== null ? (after.database - before.database) / answered : null,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    gateMegabytes: Math.max(...memory),
  };
}

async function processorTimes(gates, cluster) {
  const used = await Promise.all(gates.map(({ process }) => usageOf(process)));
  const sum = used.reduce((total, { processorMicroseconds }) => total + processorMicroseconds, 0);
  return { gates: sum, database: cluster.processorTime() };
}

function table(setups, turns) {
  const head = [
    "gates",
    "submissions a second",
    "at half that load, p50 and p99",
    "processor time each: gates, PostgreSQL",
    "memory of a gate",
  ];
  const rows = setups.map(({ name }, place) => cells(name, turns[place]));
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function cells(name, turns) {
  const typical = (part, digits) => {
    const figures = turns.map((turn) => turn[part]);
    return figures.includes(null) ? null : median(figures).toFixed(digits);
  };
  const database = typical("databaseMicroseconds", 0);
  return [
    name,
    Math.round(median(turns.map(({ perSecond }) => perSecond))).toLocaleString("en-US"),
    `${typical("p50Ms", 1)} and ${typical("p99Ms", 1)} ms`,
    `${typical("gateMicroseconds", 0)} µs, ${database === null ? "–" : `${database} µs`}`,
    `${typical("gateMegabytes", 0)} MB`,
  ];
}

/** How much room actions take that lived their lives: two to four ledger entries to most of them. */
async function sizeLine(stage, kind, { filledActions }) {
  const make = await MAKERS[kind](stage);
  const { bytes } = await make(filledActions, () => {});
  const perMillion = ((bytes / filledActions) * MILLION) / GIGABYTE;
  return `${kind}: ${perMillion.toFixed(1)} GB a million actions (measured with ${filledActions.toLocaleString("en-US")})`;
}
