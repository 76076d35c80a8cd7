import { load, machine } from "./machine.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { isMet, table } from "./report.mjs";
import { BENCHES } from "./rows/rows.mjs";

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));

/**
 * @param {string[]} args
 * @returns {Promise<number>} The exit code.
 */
async function main(args) {
  const options = optionsOrUsage(args);
  if (options === null) return 2;
  if (options.help) return say(USAGE);
  if (options.list) return say(BENCHES.map(listed).join("\n"));
  console.log(`${machine()}; load ${load().toFixed(2)} before`);
  const { results, failed } = await measureAll(options);
  if (results.length > 0) console.log(`\n${table(results)}`);
  const missed = results.filter((result) => !isMet(result)).map((result) => result.row.name);
  if (missed.length > 0) console.log(`\nfloor missed: ${missed.join(", ")}`);
  if (failed.length > 0) console.log(`\nnot measured: ${failed.join(", ")}`);
  return missed.length + failed.length === 0 ? 0 : 1;
}

/** @param {string[]} args */
function optionsOrUsage(args) {
  try {
    return readOptions(args, BENCHES);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.stack ?? error}\n\n${USAGE}`);
    return null;
  }
}

/** @param {import("./report.mjs").Bench} bench */
function listed({ name, takes }) {
  return takes === undefined ? name : `${name} (only when named: it takes ${takes})`;
}

/** @param {ReturnType<typeof readOptions>} options */
async function measureAll({ benches, effort, floors }) {
  const results = [];
  const failed = [];
  for (const bench of benches) {
    const started = performance.now();
    if (bench.takes !== undefined) console.log(`${bench.name} takes ${bench.takes}, with --quick under a minute`);
    try {
      const measured = await bench.measure(effort);
      const now = load();
      const floorOf = (row) => floors.get(row.name) ?? floors.get(bench.name) ?? row.floor;
      const result = (row, place) => ({ row, floor: floorOf(row), load: now, measured: measured[place] });
      results.push(...bench.rows.map(result));
      console.log(`measured ${bench.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed.push(bench.name);
      console.error(`could not measure ${bench.name}: ${error.stack ?? error}`);
    }
  }
  return { results, failed };
}

/** @param {string} text */
function say(text) {
  console.log(text);
  return 0;
}
