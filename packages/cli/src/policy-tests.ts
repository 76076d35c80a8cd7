import { access } from "node:fs/promises";
import { type PolicyCase, readPolicyCases } from "@faramesh/core";
import { CliError } from "./errors.js";
import { faultOf } from "./policy-file.js";
import { readText } from "./text-file.js";

/** The tests that stand in a file of their own. */
export interface TestsFile {
  file: string;
  text: string;
  cases: PolicyCase[];
}

/** Where the tests of a policy file stand: `NAME.test.yaml` beside `NAME.yaml`. */
export function testsFileOf(policyFile: string): string {
  return policyFile.replace(/\.(ya?ml|json)$/, "").concat(".test.yaml");
}

/** The text of the tests beside a policy file; null where there is no such file. */
export async function testsTextBeside(policyFile: string): Promise<Pick<TestsFile, "file" | "text"> | null> {
  const file = testsFileOf(policyFile);
  const isThere = policyFile !== "-" && (await access(file).then(...ANSWERS));
  return isThere ? { file, text: await readText(file) } : null;
}

const ANSWERS = [() => true, () => false] as const;

/** The tests beside a policy file, as {@link readTests} reads them; null where there is no such file. */
export async function testsBeside(policyFile: string): Promise<TestsFile | null> {
  const beside = await testsTextBeside(policyFile);
  return beside === null ? null : readCases(beside.file, beside.text);
}

/**
 * Reads a file of tests.
 *
 * @throws {@link CliError} `invalid_cases` with each error's line, column and cure.
 */
export async function readTests(file: string): Promise<TestsFile> {
  return readCases(file, await readText(file));
}

function readCases(file: string, text: string): TestsFile {
  const { cases, findings } = readPolicyCases(text);
  if (cases !== null) return { file, text, cases };
  const faults = findings.map((finding) => faultOf(file, finding));
  throw new CliError("invalid_cases", `${file} is not a list of tests`, { faults });
}
