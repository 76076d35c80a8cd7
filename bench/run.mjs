import { load, machine } from "./machine.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { isMet, table } from "./report.mjs";
import { ROWS } from "./rows/rows.mjs";

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
  if (options.list) return say(ROWS.map((row) => row.name).join("\n"));
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
    return readOptions(
      args,
      ROWS.map((row) => row.name),
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.stack ?? error}\n\n${USAGE}`);
    return null;
  }
}

/** @param {ReturnType<typeof readOptions>} options */
async function measureAll({ rows, effort, floors }) {
  const results = [];
  const failed = [];
  for (const row of ROWS.filter(({ name }) => rows.includes(name))) {
    const started = performance.now();
    try {
      const measured = await row.measure(effort);
      results.push({ row, floor: floors.get(row.name) ?? row.floor, load: load(), measured });
      console.log(`measured ${row.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed.push(row.name);
      console.error(`could not measure ${row.name}: ${error.stack ?? error}`);
    }
  }
  return { results, failed };
}

/** @param {string} text */
function say(text) {
  console.log(text);
  return 0;
}
