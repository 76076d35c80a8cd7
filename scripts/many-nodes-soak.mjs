/**
 * Runs the many-nodes test again and again, each time with another seed, and says what it saw:
 * `node scripts/many-nodes-soak.mjs [rounds] [seconds] [first seed]`. What each run showed is kept, with its seed.
 */

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, tool } from "./run.mjs";

const TEST = "packages/server/test/many-nodes/many-nodes.test.ts";
const [rounds = 10, seconds = 60, firstSeed = 1 + (Date.now() % 1_000_000)] = process.argv.slice(2).map(Number);
if (![rounds, seconds, firstSeed].every((number) => Number.isInteger(number) && number > 0)) {
  console.error("rounds, seconds and the first seed are whole numbers above 0");
  process.exit(2);
}

const reports = mkdtempSync(join(tmpdir(), "faramesh-soak-"));
let failed = 0;
for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
  const env = { MANY_NODES_SECONDS: String(seconds), MANY_NODES_SEED: String(seed), MANY_NODES_REPORTS: reports };
  const { code, output } = await run(tool("vitest"), ["run", TEST], { capture: true, env });
  for (const file of readdirSync(reports)) if (file.startsWith(`${seed}-`)) console.log(told(join(reports, file)));
  if (code === 0) continue;
  failed++;
  console.log(`seed ${seed} failed\n${output}`);
}
console.log(`${rounds - failed} of ${rounds} rounds kept every promise; reports in ${reports}`);
process.exitCode = failed === 0 ? 0 : 1;

function told(file) {
  const { name, settings, violations, faults, figures } = JSON.parse(readFileSync(file, "utf8"));
  const { operations, actions, entries, runs, stopLagMs, policyLagMs, wakeMs, checkMs } = figures;
  const attempts = Object.values(operations).reduce((sum, count) => sum + count, 0);
  return [
    `seed ${settings.seed}, ${name}: ${violations.length} violations`,
    `${attempts} attempts, ${actions} actions, ${entries} entries, ${runs} runs`,
    `faults ${JSON.stringify(faults)}`,
    `lags: stop ${stopLagMs} ms, policy ${policyLagMs} ms, wake ${wakeMs.median} to ${wakeMs.most} ms`,
    `checked in ${checkMs} ms`,
  ].join("; ");
}
