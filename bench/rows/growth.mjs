import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { policySource } from "../engines/faramesh.mjs";
import { rulesOf } from "../engines/rules.mjs";
import { compareStarts } from "../growth/cold-start.mjs";
import { MAKERS } from "../growth/filled-stores.mjs";
import { compareLatencies, sideOn } from "../growth/latency.mjs";
import { compareMemory } from "../growth/memory.mjs";
import { QUESTIONS } from "../growth/questions.mjs";
import { ServedGate } from "../growth/served-gate.mjs";
import { onStage } from "../stage.mjs";

/** How often filling says how far it is. */
const PROGRESS_ACTIONS = 100_000;

/**
 * What a million actions do to a gate: how fast it answers, what memory it takes, how fast it starts.
 *
 * @param {keyof typeof MAKERS} kind - Of store.
 * @returns {import("../report.mjs").Bench}
 */
export function growthOn(kind) {
  const name = `growth-${kind}`;
  return {
    name,
    takes: "about half an hour and 8 GB of disk",
    rows: [...QUESTIONS.map((question) => questionRow(name, question)), memoryRow(name), startRow(name)],
    measure: ({ growth }) => onStage((stage) => measure(stage, kind, growth)),
  };
}

/**
 * @param {keyof typeof MAKERS} kind
 * @param {import("../options.mjs").GrowthEffort} effort
 * @returns {Promise<import("../report.mjs").Measured[]>} In the order of the rows.
 */
async function measure(stage, kind, effort) {
  const stores = await fillStores(stage, kind, effort);
  const policyFile = join(stage.newDirectory(), "policy.json");
  writeFileSync(policyFile, policySource(rulesOf(10)));
  const generate = await stage.startGenerator(null);
  const latencies = await latenciesOn(stage, stores, policyFile, effort);
  const memory = await compareMemory(stores, { generate, policyFile, latencies }, effort);
  return [...latencies, memory, await compareStarts(stores, policyFile, effort)];
}

async function fillStores(stage, kind, effort) {
  const make = await MAKERS[kind](stage);
  const stores = {};
  for (const size of ["small", "middle", "large"]) {
    const count = effort[size];
    const onProgress = (done) => {
      if (done % PROGRESS_ACTIONS === 0) console.error(`filling: ${done.toLocaleString("en-US")} actions`);
    };
    stores[size] = await make(count, onProgress);
  }
  return stores;
}

async function latenciesOn(stage, { large, small }, policyFile, effort) {
  const gates = {
    small: stage.keep(await ServedGate.start(small, policyFile)),
    large: stage.keep(await ServedGate.start(large, policyFile)),
  };
  const sides = { small: await sideOn(gates.small, small), large: await sideOn(gates.large, large) };
  const [first, ...others] = await compareLatencies(sides, effort);
  await Promise.all([gates.small.stop(), gates.large.stop()]);
  return [{ ...first, notes: [sizeNote(large, small), ...first.notes] }, ...others];
}

function sizeNote(large, small) {
  const gigabytes = (large.bytes / 1e9).toFixed(2);
  return `the large store has ${large.count.toLocaleString("en-US")} actions (${gigabytes} GB), the small one ${small.count.toLocaleString("en-US")}`;
}

/** @param {import("../growth/questions.mjs").Question} question */
function questionRow(bench, { name, asks }) {
  return {
    name: `${bench}/${name}`,
    subject: `${asks}, p50 in the large store`,
    baseline: "in the small one",
    unit: /** @type {const} */ ("ms"),
    ratioMeans: "times its time",
    bound: /** @type {const} */ ("at most"),
    floor: 2,
    aim: 1.3,
  };
}

function memoryRow(bench) {
  return {
    name: `${bench}/memory`,
    subject: "memory of the gate (RSS) on the large store after a mixed load",
    baseline: "on a smaller store, after the same load",
    unit: /** @type {const} */ ("MB"),
    ratioMeans: "times its memory",
    bound: /** @type {const} */ ("at most"),
    floor: 1.2,
    aim: 1.05,
  };
}

function startRow(bench) {
  return {
    name: `${bench}/start`,
    subject: "faramesh serve on the large store, until it is ready",
    baseline: "node -e 0",
    unit: /** @type {const} */ ("ms"),
    ratioMeans: "times its time",
    bound: /** @type {const} */ ("at most"),
    floor: 20,
    aim: 10,
  };
}
