import { type CaseResult, type Policy, type PolicyTestReport, testPolicy as runTests } from "@faramesh/core";
import { CliError } from "../errors.js";
import { colors, print, printable, printJson } from "../output.js";
import { requirePolicy } from "../policy-file.js";
import { readTests, type TestsFile, testsBeside, testsFileOf } from "../policy-tests.js";

interface TestOptions {
  cases?: string;
  minCoverage?: number;
  json?: boolean;
}

const EXAMPLE =
  "- { name: listing runs, action: { agent_id: a, tool: shell, operation: exec, params: { cmd: ls } }, " +
  "expect: { outcome: EXECUTE } }";

/** `faramesh policy test FILE`: the tests in the policy and those beside it. */
export async function testPolicy(file: string, { cases, minCoverage = 0, json }: TestOptions): Promise<void> {
  const policy = await requirePolicy(file);
  const beside = cases === undefined ? await testsBeside(file) : await readTests(cases);
  const all = [...policy.cases, ...(beside?.cases ?? [])];
  if (all.length === 0) throw noTests(file, policy, beside);
  const report = runTests(policy, all);
  const isCovered = report.coverage.percent >= minCoverage;
  if (json) printJson(asJson(file, beside, report));
  else printReport(report, isCovered ? null : minCoverage);
  if (report.failed > 0 || !isCovered) process.exitCode = 1;
}

function noTests(file: string, policy: Policy, beside: TestsFile | null): CliError {
  const place = beside?.file ?? (file === "-" ? "a file, and name it with --cases" : testsFileOf(file));
  const hint = `write what it must answer into ${place}: ${EXAMPLE}`;
  return new CliError("no_tests", `${policy.id} has no tests, neither in it nor beside it`, { hint });
}

function asJson(file: string, beside: TestsFile | null, report: PolicyTestReport): object {
  const { passed, failed, results, coverage } = report;
  return {
    file,
    cases: beside?.file ?? null,
    passed,
    failed,
    coverage,
    results: results.map(({ case: { name }, differences, decision }) => {
      return { name, ok: differences.length === 0, differences, decision };
    }),
  };
}

function printReport({ results, passed, failed, coverage }: PolicyTestReport, missed: number | null): void {
  for (const result of results) printResult(result);
  const { covered, rules, percent, uncovered } = coverage;
  if (uncovered.length > 0) print(`no test is answered by: ${printable(uncovered.join(", "))}`);
  const least = missed === null ? "" : colors.red(`, less than ${missed} %`);
  print(`${passed} passed, ${failed} failed; ${covered} of ${rules.length} rules covered (${percent} %${least})`);
}

function printResult({ case: { name }, differences }: CaseResult): void {
  print(`${differences.length === 0 ? colors.green("ok  ") : colors.red("FAIL")} ${printable(name)}`);
  for (const difference of differences) print(`       ${printable(difference)}`);
}
