import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Balancer } from "./balancer.js";
import { check } from "./checker.js";
import { type Cluster, portOf } from "./cluster.js";
import { befall, type FaultName, NO_FAULTS } from "./faults.js";
import { type Figures, figuresOf } from "./figures.js";
import type { FinalState } from "./final-state.js";
import { History } from "./history.js";
import { Random } from "./random.js";
import { lastEventIndex, readFinalState } from "./read-final-state.js";
import { policyText, type Scene, STOPPED_AGENT } from "./roles.js";
import { RunLog } from "./run-log.js";
import { StreamReader } from "./stream-reader.js";
import type { Violation } from "./violation.js";
import { type Actor, engage, perform } from "./workload.js";

/** How a run goes. */
export interface RunSettings {
  /** How long clients work at the least. */
  readonly seconds: number;
  /** How many attempts are answered at the least. */
  readonly answers: number;
  /** When they end though there were fewer answers, or not each fault: for a machine that is slow. */
  readonly secondsMax: number;
  /** Decides which faults come and what clients do; not how they meet. */
  readonly seed: number;
  readonly faults: readonly FaultName[];
}

/** What a run showed. */
export interface Report {
  readonly violations: readonly Violation[];
  readonly faults: Readonly<Record<FaultName, number>>;
  readonly figures: Figures;
}

const STREAM_MS_MAX = 20_000;

/** Lets clients work through faults, reads what is there when all is over, and holds everything against the promises. */
export async function prove(cluster: Cluster, settings: RunSettings): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-run-"));
  const balancer = await Balancer.open(() => cluster.addresses().map(portOf));
  try {
    return await new Proof(cluster, balancer, settings, new RunLog(join(directory, "runs.jsonl"))).report();
  } finally {
    await balancer.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Proof {
  readonly #cluster: Cluster;
  readonly #balancer: Balancer;
  readonly #settings: RunSettings;
  readonly #scene: Scene;
  #beganAtMs = Number.POSITIVE_INFINITY;
  #hasFailed = false;
  readonly #faults: Record<FaultName, number> = { ...NO_FAULTS };
  #policies = 0;

  constructor(cluster: Cluster, balancer: Balancer, settings: RunSettings, runLog: RunLog) {
    const { changePolicy } = cluster;
    this.#cluster = cluster;
    this.#balancer = balancer;
    this.#settings = settings;
    this.#scene = {
      history: new History(),
      random: new Random(settings.seed),
      runLog,
      changePolicy: changePolicy && (() => changePolicy(policyText(++this.#policies))),
      isOver: () => this.#isOver(),
      pending: [],
      claimable: [],
      known: [],
    };
  }

  async report(): Promise<Report> {
    const actors = await engage(this.#balancer.url, this.#cluster, this.#scene);
    const streams = this.#openStreams();
    try {
      await this.#work(actors);
      const final = await this.#finalState(streams);
      const history = this.#scene.history.operations;
      const beganAtMs = performance.now();
      const violations = check(history, final);
      return { violations, faults: this.#faults, figures: figuresOf(history, final, performance.now() - beganAtMs) };
    } finally {
      await Promise.all(streams.map((stream) => stream.close()));
    }
  }

  /** Clients and faults until the run is over; when one side fails, the other is told to end, too. */
  async #work(actors: readonly Actor[]): Promise<void> {
    this.#beganAtMs = performance.now();
    const sides = [this.#befall(), perform(actors, this.#scene)].map(async (side) => {
      try {
        await side;
      } catch (error) {
        this.#hasFailed = true;
        throw error;
      }
    });
    await Promise.allSettled(sides);
    await Promise.all(sides);
  }

  #isOver(): boolean {
    const { seconds, secondsMax, answers, faults } = this.#settings;
    const sinceMs = performance.now() - this.#beganAtMs;
    if (this.#hasFailed || sinceMs >= secondsMax * 1_000) return true;
    if (sinceMs < seconds * 1_000 || this.#scene.history.answered < answers) return false;
    return faults.every((name) => this.#faults[name] > 0);
  }

  #befall(): Promise<void> {
    const { faults: names } = this.#settings;
    const { history, random } = this.#scene;
    const settings = { cluster: this.#cluster, balancer: this.#balancer, history, random, names };
    return befall(settings, this.#faults, () => this.#isOver());
  }

  #openStreams(): StreamReader[] {
    const of = (name: string, agentId: string | null): StreamReader =>
      new StreamReader({ name, url: this.#balancer.url, apiKey: this.#cluster.adminKey, after: -1, agentId });
    return [of("stream-1", null), of("stream-2", null), of("stream-3", STOPPED_AGENT)];
  }

  /** Beside the streams that were read all along, each node streams the whole ledger anew. */
  async #finalState(streams: readonly StreamReader[]): Promise<FinalState> {
    const { adminKey } = this.#cluster;
    const { views, ledger } = await readFinalState(this.#cluster);
    const anew = this.#cluster.addresses().map(({ node, url }) => {
      return new StreamReader({ name: `${node} anew`, url, apiKey: adminKey, after: -1, agentId: null });
    });
    const logs = [...streams, ...anew].map((stream) => {
      return stream.finish(lastEventIndex(ledger, stream.agentId), STREAM_MS_MAX);
    });
    return { views, ledger, runs: this.#scene.runLog.read(), streams: await Promise.all(logs) };
  }
}
