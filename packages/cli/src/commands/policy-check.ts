import { type CheckedFile, checkFile } from "../check/check-file.js";
import { sarifLog } from "../check/sarif.js";
import { readToolFiles } from "../check/tool-files.js";
import { colors, print, printable, printJson } from "../output.js";
import { place, sentence } from "../policy-file.js";

/** How findings are printed. */
export const CHECK_FORMATS = ["text", "json", "sarif"] as const;

interface CheckOptions {
  strict?: boolean;
  format: (typeof CHECK_FORMATS)[number];
  json?: boolean;
  tools?: string[];
}

/** `faramesh policy check FILE…`: what an activation would find, tests included. */
export async function checkPolicies(files: readonly string[], options: CheckOptions): Promise<void> {
  const tools = await readToolFiles(options.tools ?? []);
  const checked: CheckedFile[] = [];
  for (const file of files) checked.push(await checkFile(file, tools));
  const isOk = (one: CheckedFile): boolean => count(one, "error") + (options.strict ? count(one, "warning") : 0) === 0;
  const ok = checked.every(isOk);
  switch (options.json ? "json" : options.format) {
    case "json":
      printJson({ ok, files: checked.map((one) => ({ ...summaryOf(one), ok: isOk(one) })) });
      break;
    case "sarif":
      printJson(sarifLog(checked.flatMap(({ findings }) => findings)));
      break;
    case "text":
      for (const one of checked) printFindings(one);
  }
  if (!ok) process.exitCode = 1;
}

function count({ findings }: CheckedFile, severity: "error" | "warning"): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function summaryOf({ file, policy, findings }: CheckedFile): object {
  const summary = policy && {
    id: policy.id,
    version: policy.version,
    hash: policy.hash,
    rules: policy.rules.length,
    tests: policy.cases.length,
  };
  return { file, policy: summary, findings };
}

function printFindings(checked: CheckedFile): void {
  const { file, policy, findings } = checked;
  for (const finding of findings) {
    const severity = finding.severity === "error" ? colors.red("error") : colors.yellow("warning");
    print(`${place(finding.file, finding)}: ${severity} ${finding.code}: ${printable(sentence(finding))}`);
  }
  const rules = policy === null ? "does not load" : `${policy.rules.length} rules, hash ${policy.hash.slice(0, 12)}`;
  print(`${file}: ${rules}; ${count(checked, "error")} errors, ${count(checked, "warning")} warnings`);
}
