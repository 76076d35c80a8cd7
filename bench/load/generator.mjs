import { percentile } from "../rounds.mjs";
import { Connection } from "./connection.mjs";

/**
 * What the generator is asked to do.
 *
 * @typedef {object} Job
 * @property {number[]} ports - The connections are spread over them.
 * @property {string[]} requests - Whole requests, sent in turn.
 * @property {number[]} statuses - One of them every answer must have.
 * @property {number} connections
 * @property {number} [seconds]
 * @property {number} [total] - Requests, in place of seconds.
 * @property {number} [ratePerSecond] - Sends at this rate whatever the answers do; without it, each connection sends
 *   as soon as it has its answer.
 */

/**
 * @typedef {object} Seen
 * @property {number} answered
 * @property {number} perSecond - Answers.
 * @property {number} busy - Share of its core that the generator needed, 0 to 1.
 * @property {number} [p50Ms] - From when a request was due to when it was answered.
 * @property {number} [p99Ms]
 */

process.on("message", (job) => {
  perform(job).then(
    (seen) => process.send?.({ seen }),
    (error) => process.send?.({ error: String(error.stack ?? error) }),
  );
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });

/**
 * @param {Job} job
 * @returns {Promise<Seen>}
 */
async function perform(job) {
  const opening = Array.from({ length: job.connections }, (_, place) =>
    Connection.open(job.ports[place % job.ports.length]),
  );
  const connections = await Promise.all(opening);
  const work = { ...job, connections, requests: job.requests.map((request) => Buffer.from(request, "utf8")) };
  try {
    return await (job.ratePerSecond === undefined ? atFullSpeed(work) : atRate(work, job.ratePerSecond));
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Every connection keeps exactly one request open. */
async function atFullSpeed({ connections, requests, statuses, seconds = Infinity, total = Infinity }) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const end = started + seconds * 1000;
  let sent = 0;
  let answered = 0;
  const drive = (connection) =>
    new Promise((resolve, reject) => {
      const next = () => connection.send(requests[sent++ % requests.length], onAnswer, reject);
      const onAnswer = (actual, body) => {
        if (!statuses.includes(actual)) return reject(unexpected(actual, body));
        answered++;
        return performance.now() < end && sent < total ? next() : resolve(undefined);
      };
      next();
    });
  await Promise.all(connections.map(drive));
  const ms = performance.now() - started;
  return { answered, perSecond: (answered / ms) * 1000, busy: busySince(cpu, ms) };
}

/**
 * Requests fall due at a steady rate, those of one millisecond together, and go out as soon as a connection is free.
 * Whoever has to wait for one waits in the latency, so a stall counts for all that it held up.
 */
async function atRate({ connections, requests, statuses, seconds }, ratePerSecond) {
  const total = Math.floor(seconds * ratePerSecond);
  const latencies = [];
  const free = [...connections];
  const dueAt = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  await new Promise((resolve, reject) => {
    let due = 0;
    let sent = 0;
    const tick = () => {
      const now = performance.now();
      const dueNow = Math.min(total, Math.floor(((now - started) / 1000) * ratePerSecond));
      for (; due < dueNow; due++) dueAt.push(now);
      sendDue();
      if (due < total) setTimeout(tick, 1);
    };
    const sendDue = () => {
      while (sent < due && free.length > 0) sendOne(free.pop(), sent++);
    };
    const sendOne = (connection, index) => {
      const onAnswer = (actual, body) => {
        if (!statuses.includes(actual)) return reject(unexpected(actual, body));
        latencies.push(performance.now() - dueAt[index]);
        free.push(connection);
        return latencies.length === total ? resolve(undefined) : sendDue();
      };
      connection.send(requests[index % requests.length], onAnswer, reject);
    };
    tick();
  });
  const ms = performance.now() - started;
  return {
    answered: total,
    perSecond: (total / ms) * 1000,
    busy: busySince(cpu, ms),
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
}

function busySince(cpu, ms) {
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / ms;
}

function unexpected(status, body) {
  return new Error(`unexpected answer ${status}: ${body.toString("utf8").slice(0, 300)}`);
}
