/**
 * Compares the engine with a plain reading of the language's description, and with Cedar on what both say, on more
 * random policies and actions than the tests do: `node scripts/policy-soak.mjs [pairs] [first seed]`. A failure names
 * its seed.
 */

import { run, tool } from "./run.mjs";

const [pairs = 1_000_000, seed = Date.now() % 1_000_000_000] = process.argv.slice(2).map(Number);
if (![pairs, seed].every((number) => Number.isInteger(number) && number > 0)) {
  console.error("pairs and the first seed are whole numbers above 0");
  process.exit(2);
}

const env = { POLICY_PAIRS: String(pairs), POLICY_SEED: String(seed) };
const { code } = await run(
  tool("vitest"),
  ["run", "--reporter=verbose", "packages/core/test/agreement", "packages/core/test/import/cedar.test.ts"],
  { env },
);
process.exitCode = code;
