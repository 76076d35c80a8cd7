import { policySource } from "../engines/faramesh.mjs";
import { rulesOf } from "../engines/rules.mjs";
import { ADMIN_KEY, CONNECTIONS, post, requestsTo } from "../load/requests.mjs";
import { alternate } from "../rounds.mjs";
import { onStage } from "../stage.mjs";

const DECIDE = "/v1/gate/decide";
const RULES = 10_000;
const ROUNDS = 3;

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
      let version = 0;
      const measured = await alternate(
        {
          baseline: async () => (await generate(job)).p99Ms,
          async subject() {
            let isOver = false;
            const seen = generate(job).finally(() => {
              isOver = true;
            });
            const activating = (async () => {
              while (!isOver) await activate(gate, source, ++version);
            })();
            const [{ p99Ms }] = await Promise.all([seen, activating]);
            return p99Ms;
          },
        },
        ROUNDS,
      );
      return { ...measured, notes: [`${version} policies were activated`] };
    }),
};

/** Each text means something else, and so is a version of its own. */
function activate({ port }, source, version) {
  const changed = source.replace('"id":"shell"', `"id":"shell-${version}"`);
  const body = JSON.stringify({ source: changed, activate: true });
  return post(port, "/v1/policies", ADMIN_KEY, body, 201);
}
