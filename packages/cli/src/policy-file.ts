import { type Finding, loadPolicy, type Policy, type ToolSchema } from "@faramesh/core";
import { allPacks } from "@faramesh/policies";
import { CliError, type FaultAt } from "./errors.js";
import { readText } from "./text-file.js";

/** A policy file as read: `policy` is null where a finding is an error. */
export interface PolicyFile {
  file: string;
  policy: Policy | null;
  findings: Finding[];
}

/** Reads and compiles a policy file. */
export async function readPolicyFile(file: string, tools: readonly ToolSchema[] = []): Promise<PolicyFile> {
  return { file, ...loadPolicy(await readText(file), { packs: allPacks(), tools }) };
}

/**
 * A policy that loads.
 *
 * @throws {@link CliError} `invalid_policy` with each error's line, column and cure.
 */
export async function requirePolicy(file: string): Promise<Policy> {
  const { policy, findings } = await readPolicyFile(file);
  if (policy !== null) return policy;
  const faults = findings.filter((finding) => finding.severity === "error").map((finding) => faultOf(file, finding));
  throw new CliError("invalid_policy", `${file} does not load`, { faults });
}

/** A finding as a fault of an error. */
export function faultOf(file: string, finding: Finding): FaultAt {
  return { path: place(file, finding), message: sentence(finding) };
}

/** `file:line:column`, as editors and terminals make a link of it. */
export function place(file: string, finding: Finding): string {
  return `${file}:${finding.line}:${finding.column}`;
}

/** What was found, and its cure. */
export function sentence({ message, cure }: Finding): string {
  return `${message} (${cure})`;
}
