import { policySource } from "../engines/faramesh.mjs";
import { rulesOf } from "../engines/rules.mjs";
import { ADMIN_KEY, CONNECTIONS, post, requestsTo } from "../load/requests.mjs";
import { median } from "../rounds.mjs";
import { onStage } from "../stage.mjs";

const DECIDE = "/v1/gate/decide";
const RULES = 10_000;

/** Decisions that fall due in a second, whoever waits. */
const RATE_PER_SECOND = 1_000;

/** @type {import("../report.mjs").Row} */
export const activation = {
  name: "activation",
  subject: `99 of 100 POST ${DECIDE} while policies of ${RULES.toLocaleString("en-US")} rules are checked and activated, one after another`,
  baseline: "the same before",
  unit: "ms",
  ratioMeans: "how many times longer they take",
  bound: "at most",
  floor: 2,
  aim: 1,
  measure: (effort) =>
    onStage(async (stage) => {
      const gate = await stage.startGate([stage.newDirectory()], null);
      const generate = await stage.startGenerator(null);
      const job = {
        ports: [gate.port],
        requests: requestsTo(DECIDE, gate.key),
        statuses: [200],
        connections: CONNECTIONS,
        seconds: Math.max(effort.latencySeconds, 2),
        ratePerSecond: RATE_PER_SECOND,
      };
      const source = policySource(rulesOf(RULES, "mixed"));
      await activate(gate, source, 0);
      await generate(job);
      const rounds = [];
      let version = 0;
      for (let round = 0; round < 3; round++) {
        const before = await generate(job);
        const during = generate(job);
        let isOver = false;
        void during.finally(() => {
          isOver = true;
        });
        while (!isOver) await activate(gate, source, ++version);
        rounds.push({ before: before.p99Ms, during: (await during).p99Ms });
      }
      return {
        subject: median(rounds.map(({ during }) => during)),
        baseline: median(rounds.map(({ before }) => before)),
        ratio: median(rounds.map(({ before, during }) => during / before)),
        notes: [`${version} policies were activated`],
      };
    }),
};

/** Each text means something else, and so is a version of its own. */
function activate({ port }, source, version) {
  const changed = source.replace('"id":"shell"', `"id":"shell-${version}"`);
  const body = JSON.stringify({ source: changed, activate: true });
  return post(port, "/v1/policies", ADMIN_KEY, body, 201);
}
