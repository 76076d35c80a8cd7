import { availableParallelism } from "node:os";
import { ensureFrameworks } from "./frameworks.mjs";
import { run, tool } from "./run.mjs";
import { ensureVenv } from "./venv.mjs";

/** Building comes first: the tools that read types see the packages as they are built. */
const TYPES = {
  name: "types",
  program: tool("tsc"),
  args: ["--build", "tsconfig.json", "tsconfig.check.json"],
};

const CHECKS = [
  {
    name: "type-aware lint",
    program: tool("oxlint"),
    args: ["--type-aware", "--deny-warnings", "packages", "policies", "scripts", "examples", "bench", "docs"],
  },
  { name: "unused code", program: tool("knip"), args: ["--no-progress"] },
  {
    name: "dependency direction",
    program: tool("depcruise"),
    args: ["--config", ".dependency-cruiser.mjs", "packages/*/src", "policies/src"],
  },
  { name: "format and lint", program: tool("biome"), args: ["ci", "--error-on-warnings", "--colors=off"] },
];

const PYTHON = [
  {
    name: "python types",
    program: "mypy",
    args: ["--config-file", "python/pyproject.toml", "--strict", "python/faramesh", "python/tests"],
  },
  {
    name: "python integration types",
    program: "mypy",
    args: ["--config-file", "python/integration_tests/mypy.ini", "python/integration_tests"],
  },
  { name: "python lint", program: "ruff", args: ["check", "python"] },
  { name: "python format", program: "ruff", args: ["format", "--check", "python"] },
];

/** Output that reads the same in a log as in a terminal. */
const PLAIN = { NO_COLOR: "1", FORCE_COLOR: undefined };

process.exitCode = await main();

async function main() {
  const started = performance.now();
  const results = [await measured(await withFrameworks(TYPES))];
  results.push(...(await inParallel([...CHECKS, ...(await pythonChecks())], availableParallelism())));
  const failed = results.filter((result) => result.code !== 0);
  for (const { name, output } of failed) console.log(`\n── ${name}\n${output.trim()}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const names = failed.map((result) => result.name).join(", ");
  console.log(failed.length === 0 ? `\nall checks pass (${seconds} s)` : `\nfailed: ${names} (${seconds} s)`);
  return failed.length === 0 ? 0 : 1;
}

/** The types of the frameworks are needed for those of their tests. */
async function withFrameworks(check) {
  try {
    await ensureFrameworks((line) => console.log(`setup: ${line}`));
    return check;
  } catch (error) {
    return { ...check, failure: error.message };
  }
}

async function pythonChecks() {
  try {
    const programs = await ensureVenv((line) => console.log(`setup: ${line}`));
    return PYTHON.map((check) => ({ ...check, program: programs + check.program }));
  } catch (error) {
    return [{ name: "python environment", failure: error.message }];
  }
}

async function inParallel(checks, atOnce) {
  const waiting = [...checks];
  const results = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) results.push(await measured(check));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

async function measured(check) {
  const started = performance.now();
  const { code, output } = check.failure
    ? { code: 1, output: check.failure }
    : await run(check.program, check.args, { capture: true, env: PLAIN });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${check.name.padEnd(22)} ${seconds.padStart(5)} s`);
  return { name: check.name, code, output };
}
