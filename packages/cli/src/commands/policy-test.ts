import { canonicalizeAction, decide, type Policy, readActionRequest } from "@faramesh/core";
import type { Decision } from "@faramesh/protocol";
import { CliError } from "../errors.js";
import { colors, print, printable, printJson } from "../output.js";
import { EXPECTATIONS, type PolicyCase, readPolicyCases } from "../policy-cases.js";
import { requirePolicy } from "../policy-file.js";
import { readText } from "../text-file.js";

interface CaseResult {
  name: string;
  ok: boolean;
  /** What was expected and what came, field by field, where they differ. */
  differences: string[];
}

const EXAMPLE =
  "- { name: listing runs, action: { agent_id: a, tool: shell, operation: exec, params: { cmd: ls } }, " +
  "expect: { outcome: EXECUTE } }";

/** `faramesh policy test FILE`. */
export async function testPolicy(file: string, options: { cases?: string; json?: boolean }): Promise<void> {
  const policy = await requirePolicy(file);
  const casesFile = options.cases ?? casesBeside(file);
  const cases = readPolicyCases(
    casesFile,
    await readText(casesFile, `write there what ${file} must answer: ${EXAMPLE}`),
  );
  const results = cases.map((one) => runCase(policy, one));
  const failed = results.filter((result) => !result.ok).length;
  const unused = rulesWithoutCase(policy, cases);
  if (options.json) printJson({ file, cases: casesFile, passed: results.length - failed, failed, unused, results });
  else printResults(results, failed, unused);
  if (failed > 0) process.exitCode = 1;
}

function casesBeside(file: string): string {
  if (file === "-")
    throw new CliError("usage", "a policy from stdin has no file beside it: give --cases", { exitCode: 2 });
  return file.replace(/\.(ya?ml|json)$/, "").concat(".test.yaml");
}

function decideCase(policy: Policy, one: PolicyCase): Decision {
  return decide(policy, canonicalizeAction(readActionRequest(one.action)));
}

function runCase(policy: Policy, one: PolicyCase): CaseResult {
  const differences = differencesOf(policy, one);
  return { name: one.name, ok: differences.length === 0, differences };
}

function differencesOf(policy: Policy, one: PolicyCase): string[] {
  const decision = decideCase(policy, one);
  return EXPECTATIONS.flatMap((field) => {
    const expected = one.expect[field];
    if (expected === undefined || expected === decision[field]) return [];
    return [`${field}: expected ${expected}, got ${decision[field] ?? "none"}`];
  });
}

function rulesWithoutCase(policy: Policy, cases: readonly PolicyCase[]): string[] {
  const used = new Set(cases.map((one) => decideCase(policy, one).rule_id));
  return policy.rules.filter((rule) => rule.enabled && !used.has(rule.id)).map((rule) => rule.id);
}

function printResults(results: readonly CaseResult[], failed: number, unused: readonly string[]): void {
  for (const { name, ok, differences } of results) {
    print(`${ok ? colors.green("ok  ") : colors.red("FAIL")} ${printable(name)}`);
    for (const difference of differences) print(`       ${printable(difference)}`);
  }
  if (unused.length > 0) print(`no case answers by: ${printable(unused.join(", "))}`);
  print(`${results.length - failed} passed, ${failed} failed`);
}
