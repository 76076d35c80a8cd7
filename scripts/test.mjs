import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { staleCompatibility } from "./compatibility.mjs";
import { ensureFrameworkVenvs, FRAMEWORK_SUITES, suiteFolder, suitePython } from "./framework-venvs.mjs";
import { ensureFrameworks } from "./frameworks.mjs";
import { ensurePostgres } from "./postgres-programs.mjs";
import { ROOT, run, tool } from "./run.mjs";
import { ensureVenv } from "./venv.mjs";

const RESULTS = `${ROOT}.test-results/`;
const say = (line) => console.log(`setup: ${line}`);

process.exitCode = await main();

async function main() {
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const { problem, hasFrameworks } = await prepare();
  if (problem !== undefined) return total([{ name: "setup", passed: 0, failed: 1, skipped: 0, problem }]);
  const suites = [await typescriptSuites(), await pythonSuite(), ...(await frameworkSuites(hasFrameworks))];
  return total([...suites, compatibility(hasFrameworks, suites)]);
}

async function prepare() {
  say("building the packages (tsc --build)");
  const built = await run(tool("tsc"), ["--build", "--pretty"]);
  if (built.code !== 0) return { problem: "the packages do not build" };
  try {
    say("the Python environment");
    const programs = await ensureVenv(say);
    say("the environments of the Python frameworks");
    const hasFrameworks = await ensureFrameworkVenvs(programs, say);
    say("the TypeScript frameworks");
    await ensureFrameworks(say);
    say("PostgreSQL");
    await ensurePostgres(say);
    return { hasFrameworks };
  } catch (error) {
    return { problem: error.message };
  }
}

async function typescriptSuites() {
  const file = `${RESULTS}vitest.json`;
  const { code } = await run(tool("vitest"), ["run", "--reporter=default", "--reporter=json", `--outputFile=${file}`]);
  return outcome("vitest", code, file, (text) => {
    const report = JSON.parse(text);
    const crashed = report.testResults.filter((one) => one.status === "failed" && one.assertionResults.length === 0);
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + crashed.length,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  });
}

async function pythonSuite() {
  return pytest("pytest", `${ROOT}.venv/bin/python`, ["python/tests"]);
}

async function frameworkSuites(hasFrameworks) {
  const results = [];
  for (const name of FRAMEWORK_SUITES) {
    const title = `pytest of frameworks (${name})`;
    if (!hasFrameworks) {
      results.push({ name: title, passed: 0, failed: 0, skipped: 1, problem: "needs Python 3.11" });
      continue;
    }
    const covered = `--covered=${RESULTS}python-integrations-${name}.json`;
    const config = ["-c", "python/integration_tests/pytest.ini"];
    results.push(await pytest(title, suitePython(name), [...config, suiteFolder(name), covered], `pytest-${name}`));
  }
  return results;
}

/** The page of frameworks says what this run showed; one that failed shows nothing. */
function compatibility(hasFrameworks, suites) {
  const name = "the page of frameworks";
  const nothing = { name, passed: 0, failed: 0, skipped: 1 };
  if (!hasFrameworks) return { ...nothing, problem: "the Python frameworks were not run" };
  if (suites.some(({ failed }) => failed > 0)) return { ...nothing, problem: "another suite failed" };
  const problem = staleCompatibility(RESULTS);
  return problem === null
    ? { name, passed: 1, failed: 0, skipped: 0 }
    : { name, passed: 0, failed: 1, skipped: 0, problem };
}

async function pytest(name, python, args, report = name) {
  const file = `${RESULTS}${report}.xml`;
  const { code } = await run(python, ["-m", "pytest", ...args, "-q", `--junit-xml=${file}`]);
  return outcome(name, code, file, (text) => {
    const sum = (field) => [...text.matchAll(suiteCount(field))].reduce((total, match) => total + Number(match[1]), 0);
    const failed = sum("failures") + sum("errors");
    return { passed: sum("tests") - failed - sum("skipped"), failed, skipped: sum("skipped") };
  });
}

function suiteCount(name) {
  return new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`, "g");
}

function outcome(name, code, file, count) {
  if (!existsSync(file)) return { name, passed: 0, failed: 1, skipped: 0, problem: "ended without a report" };
  const counts = count(readFileSync(file, "utf8"));
  if (counts.passed + counts.failed === 0) return { name, ...counts, failed: 1, problem: "ran no test" };
  if (code === 0) return { name, ...counts };
  // A worker that crashes or a promise nobody caught fails no single test: it must still show in the total.
  return { name, ...counts, failed: Math.max(counts.failed, 1), problem: `exit code ${code}` };
}

function total(suites) {
  console.log("");
  for (const { name, passed, failed, skipped, problem } of suites) {
    const note = problem === undefined ? "" : ` (${problem})`;
    console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped${note}`);
  }
  const sum = (field) => suites.reduce((total, suite) => total + suite[field], 0);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  return sum("failed") === 0 ? 0 : 1;
}
