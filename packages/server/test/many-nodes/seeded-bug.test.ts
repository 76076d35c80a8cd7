import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cluster } from "./cluster.js";
import { startInProcess } from "./in-process-cluster.js";
import { prove, type RunSettings } from "./run.js";
import { mend, SEEDED_BUGS } from "./seeded-bugs.js";
import type { Rule } from "./violation.js";

/** Long enough for an agent to be stopped, kept so, and enabled; and enough requests for any of the bugs to matter. */
const RUN: RunSettings = { seconds: 2, answers: 400, secondsMax: 40, seed: 1, faults: [] };

describe("a run against a real gate", { timeout: 120_000 }, () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startInProcess();
  });
  afterEach(async () => {
    mend();
    await cluster.close();
  });

  const brokenRules = async (): Promise<Rule[]> => {
    const { violations } = await prove(cluster, RUN);
    return [...new Set(violations.map(({ rule }) => rule))];
  };

  it("that is as it should be breaks no promise", async () => {
    expect(await brokenRules()).toEqual([]);
  });

  it.each(SEEDED_BUGS)("that $name is found out", async ({ rule, put }) => {
    put();
    expect(await brokenRules()).toContain(rule);
  });
});
