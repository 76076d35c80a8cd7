import type { Finding } from "@faramesh/core";
import { colors, print, printable, printJson } from "../output.js";
import { type PolicyFile, place, readPolicyFile, sentence } from "../policy-file.js";

/** `faramesh policy check FILE`. */
export async function checkPolicy(file: string, options: { strict?: boolean; json?: boolean }): Promise<void> {
  const checked = await readPolicyFile(file);
  const errors = count(checked.findings, "error");
  const warnings = count(checked.findings, "warning");
  const ok = errors === 0 && (options.strict !== true || warnings === 0);
  if (options.json) printJson(report(checked, ok));
  else printFindings(checked, errors, warnings);
  if (!ok) process.exitCode = 1;
}

function count(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function report({ file, policy, findings }: PolicyFile, ok: boolean): object {
  const summary = policy && {
    id: policy.id,
    version: policy.version,
    hash: policy.hash,
    rules: policy.rules.length,
  };
  return { file, ok, policy: summary, findings };
}

function printFindings({ file, policy, findings }: PolicyFile, errors: number, warnings: number): void {
  for (const finding of findings) {
    const severity = finding.severity === "error" ? colors.red("error") : colors.yellow("warning");
    print(`${place(file, finding)}: ${severity} ${finding.code}: ${printable(sentence(finding))}`);
  }
  const rules = policy === null ? "does not load" : `${policy.rules.length} rules, hash ${policy.hash.slice(0, 12)}`;
  print(`${file}: ${rules}; ${errors} errors, ${warnings} warnings`);
}
