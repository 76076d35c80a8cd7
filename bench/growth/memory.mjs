import { ADMIN_KEY, CONNECTIONS, getRequest, requestsTo } from "../load/requests.mjs";
import { usageOf } from "../processes.mjs";
import { alternate } from "../rounds.mjs";
import { Asker } from "./asker.mjs";
import { landmarksOf } from "./landmarks.mjs";
import { QUESTIONS } from "./questions.mjs";
import { ServedGate } from "./served-gate.mjs";

/** Of so many requests one submits an action; the others read. */
const SUBMITS_EVERY = 4;

/** Questions that are put in turn, each of them in so many words. */
const WORDS = 20;

const MEGABYTE = 1_000_000;

/**
 * The memory of a gate on a large store when it has served a load, against one on a smaller store that has served the
 * same, each in a process of its own.
 *
 * @param {{ large: import("./filled-stores.mjs").FilledStore, middle: import("./filled-stores.mjs").FilledStore }} stores
 * @param {{ generate: import("../rows/throughput.mjs").Generate, policyFile: string }} means
 * @param {import("../options.mjs").GrowthEffort} effort
 * @returns {Promise<import("../report.mjs").Measured>}
 */
export async function compareMemory({ large, middle }, means, { loads, loadRequests }) {
  const idle = [];
  const turn = (store) => async () => {
    const { before, after } = await memoryOn(store, means, loadRequests);
    idle.push(`${before.toFixed(0)} MB`);
    return after;
  };
  const figures = await alternate({ subject: turn(large), baseline: turn(middle) }, loads);
  const stores = `${counted(large.count)} actions against ${counted(middle.count)}`;
  const load = `${counted(loadRequests)} requests over ${CONNECTIONS} connections, every ${SUBMITS_EVERY}th a submission`;
  return { ...figures, notes: [`${stores}, after ${load}; before: ${idle.join(", ")}`] };
}

function counted(number) {
  return number.toLocaleString("en-US");
}

/** @returns {Promise<{ before: number, after: number }>} Megabytes. */
async function memoryOn(store, { generate, policyFile }, total) {
  const gate = await ServedGate.start(store, policyFile);
  try {
    const before = await residentMegabytes(gate);
    const requests = await mixedLoad(gate, store);
    await generate({ ports: [gate.port], requests, statuses: [200, 201], connections: CONNECTIONS, total });
    return { before, after: await residentMegabytes(gate) };
  } finally {
    await gate.stop();
  }
}

async function residentMegabytes({ process }) {
  return (await usageOf(process)).rssBytes / MEGABYTE;
}

/** Submissions, and every question in turn that one answer is for. */
async function mixedLoad(gate, { untilMs }) {
  const asker = new Asker(gate.port, ADMIN_KEY);
  const landmarks = await landmarksOf(gate, asker, untilMs);
  asker.close();
  const plain = QUESTIONS.filter(({ as, events }) => as === undefined && events === undefined);
  const asked = Array.from({ length: WORDS }, (_, turn) => plain.map(({ path }) => path(turn, landmarks))).flat();
  const submissions = requestsTo("/v1/actions", ADMIN_KEY);
  return asked.flatMap((path, place) => {
    const read = getRequest(path, ADMIN_KEY);
    return place % (SUBMITS_EVERY - 1) === 0 ? [submissions[place % submissions.length], read] : [read];
  });
}
