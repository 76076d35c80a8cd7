import { setTimeout as pause } from "node:timers/promises";
import type { Balancer } from "./balancer.js";
import type { Cluster } from "./cluster.js";
import type { History } from "./history.js";
import type { ServerNode } from "./nodes.js";
import type { Random } from "./random.js";

/** What befalls a cluster. */
export type FaultName = "kill" | "kill_all" | "stop" | "terminate" | "cut" | "database" | "zombie";

/** Whom faults befall, and by what it is seen that clients go on. */
export interface FaultSettings {
  readonly cluster: Cluster;
  readonly balancer: Balancer;
  readonly history: History;
  readonly random: Random;
  readonly names: readonly FaultName[];
}

/** Answers between two faults, so that each finds work in progress, and the longest wait for them. */
const ANSWERS_BETWEEN = 120;
const BETWEEN_MS_MAX = 10_000;
const STOPPED_MS_MIN = 300;
const STOPPED_MS_MAX = 4_000;

/**
 * Lets one fault after another befall a cluster, each undone again, until the run is over.
 *
 * @param counts - How often each did; counted on.
 */
export async function befall(
  settings: FaultSettings,
  counts: Record<FaultName, number>,
  isOver: () => boolean,
): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    await someAnswers(settings, isOver);
    // The first round in order, so that a short run has each.
    const name = settings.names[turn] ?? settings.random.oneOf(settings.names);
    if (name === undefined || isOver()) continue;
    await FAULTS[name](settings);
    counts[name]++;
  }
}

/** No fault has come yet. */
export const NO_FAULTS: Readonly<Record<FaultName, number>> = {
  kill: 0,
  kill_all: 0,
  stop: 0,
  terminate: 0,
  cut: 0,
  database: 0,
  zombie: 0,
};

const FAULTS: Readonly<Record<FaultName, (settings: FaultSettings) => Promise<void>>> = {
  async kill(settings) {
    const node = anyNode(settings);
    await node.kill();
    if (settings.cluster.nodes.length > 1) await someAnswers(settings, () => false);
    await node.start();
  },
  async kill_all({ cluster }) {
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
  },
  async stop(settings) {
    const node = anyNode(settings);
    node.stop();
    try {
      await pause(STOPPED_MS_MIN + settings.random.below(STOPPED_MS_MAX - STOPPED_MS_MIN));
    } finally {
      node.resume();
    }
  },
  /** One node sleeps through the end and the new start of all others, and then does what it was about to do. */
  async zombie(settings) {
    const node = anyNode(settings);
    const others = settings.cluster.nodes.filter((each) => each !== node);
    node.stop();
    try {
      await Promise.all(others.map((other) => other.kill()));
      await Promise.all(others.map((other) => other.start()));
      await someAnswers(settings, () => false);
    } finally {
      node.resume();
    }
  },
  async terminate(settings) {
    const node = anyNode(settings);
    await node.terminate();
    await node.start();
  },
  async cut({ balancer }) {
    balancer.cutAll();
  },
  async database({ cluster }) {
    if (cluster.restartDatabase === null) throw new Error("there is no database to restart");
    await cluster.restartDatabase();
  },
};

function anyNode({ cluster, random }: FaultSettings): ServerNode {
  const node = random.oneOf(cluster.nodes);
  if (node === undefined) throw new Error("there is no node");
  return node;
}

async function someAnswers({ history, random }: FaultSettings, isOver: () => boolean): Promise<void> {
  const deadline = performance.now() + BETWEEN_MS_MAX;
  const enough = history.answered + random.below(ANSWERS_BETWEEN);
  while (history.answered < enough && performance.now() < deadline && !isOver()) await pause(10);
}
