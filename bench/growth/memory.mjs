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

/** Where a large store makes a question this slow, the load would last for hours; the question's own row says so. */
const QUESTION_MS_MAX = 100;
const QUESTION_RATIO_MAX = 2;

const MEGABYTE = 1_000_000;

/**
 * The memory of a gate on a large store when it has served a load, against one on a smaller store that has served the
 * same, each in a process of its own.
 *
 * @param {{ large: import("./filled-stores.mjs").FilledStore, middle: import("./filled-stores.mjs").FilledStore }} stores
 * @param {{ generate: import("../rows/throughput.mjs").Generate, policyFile: string,
 *   latencies: import("../report.mjs").Measured[] }} means - `latencies` are the large store's, in the order of the questions.
 * @param {import("../options.mjs").GrowthEffort} effort
 * @returns {Promise<import("../report.mjs").Measured>}
 */
export async function compareMemory({ large, middle }, means, { loads, loadRequests }) {
  const idle = [];
  /** @type {[unknown, string[]]} */
  const { asked, leftOut } = questionsFor(means.latencies);
  const turn = (store) => async () => {
    const { before, after } = await memoryOn(store, { ...means, asked }, loadRequests);
    idle.push(`${before.toFixed(0)} MB`);
    return after;
  };
  const figures = await alternate({ subject: turn(large), baseline: turn(middle) }, loads);
  const stores = `${counted(large.count)} actions against ${counted(middle.count)}`;
  const load = `${counted(loadRequests)} requests over ${CONNECTIONS} connections, every ${SUBMITS_EVERY}th a submission`;
  const notes = [`${stores}, after ${load}; before: ${idle.join(", ")}`];
  if (leftOut.length > 0) notes.push(`the load leaves out what takes too long: ${leftOut.join(", ")}`);
  return { ...figures, notes };
}

/** Those that one answer is for, from an admin, and the names of those that are too slow. */
function questionsFor(latencies) {
  const suitable = QUESTIONS.map((question, place) => ({ question, latency: latencies[place] })).filter(
    ({ question }) => question.as === undefined && question.events === undefined,
  );
  const asked = suitable.filter(({ latency }) => !isTooSlow(latency)).map(({ question }) => question);
  const leftOut = suitable.filter(({ latency }) => isTooSlow(latency)).map(({ question }) => question.name);
  return { asked, leftOut };
}

/** @param {import("../report.mjs").Measured} latency */
function isTooSlow({ subject, ratio }) {
  return subject > QUESTION_MS_MAX && ratio > QUESTION_RATIO_MAX;
}

function counted(number) {
  return number.toLocaleString("en-US");
}

/** @returns {Promise<{ before: number, after: number }>} Megabytes. */
async function memoryOn(store, { generate, policyFile, asked }, total) {
  const gate = await ServedGate.start(store, policyFile);
  try {
    const before = await residentMegabytes(gate);
    const requests = await mixedLoad(gate, store, asked);
    await generate({ ports: [gate.port], requests, statuses: [200, 201], connections: CONNECTIONS, total });
    return { before, after: await residentMegabytes(gate) };
  } finally {
    await gate.stop();
  }
}

async function residentMegabytes({ process }) {
  return (await usageOf(process)).rssBytes / MEGABYTE;
}

/** Submissions, and every question in turn. */
async function mixedLoad(gate, { untilMs }, questions) {
  const asker = new Asker(gate.port, ADMIN_KEY);
  const landmarks = await landmarksOf(gate, asker, untilMs);
  asker.close();
  const reads = Array.from({ length: WORDS }, (_, turn) => questions.map(({ path }) => path(turn, landmarks))).flat();
  const submissions = requestsTo("/v1/actions", ADMIN_KEY);
  return reads.flatMap((path, place) => {
    const read = getRequest(path, ADMIN_KEY);
    return place % (SUBMITS_EVERY - 1) === 0 ? [submissions[place % submissions.length], read] : [read];
  });
}
