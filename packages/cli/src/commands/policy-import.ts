import { access, writeFile } from "node:fs/promises";
import { type Imported, importClaudeCode, importedText, importV0, loadPolicy } from "@faramesh/core";
import { importCedarText } from "../cedar-text.js";
import { CliError } from "../errors.js";
import { colors, print, printable, printJson } from "../output.js";
import { readText } from "../text-file.js";

/** What policies can be imported from. */
export const IMPORT_SOURCES = ["faramesh-v0", "claude-code", "cedar"] as const;

interface ImportOptions {
  from: (typeof IMPORT_SOURCES)[number];
  out: string;
  force?: boolean;
  profile?: string;
  root?: string;
  home?: string;
  json?: boolean;
}

const TITLES: Readonly<Record<ImportOptions["from"], string>> = {
  "faramesh-v0": "a policy of the older engine",
  "claude-code": "the permissions of Claude Code",
  cedar: "policies of Cedar",
};

/** `faramesh policy import SRC --from KIND --out FILE`. */
export async function importPolicy(source: string, options: ImportOptions): Promise<void> {
  const imported = await converted(source, options);
  if (imported.policy === null) {
    const faults = imported.faults.map((message) => ({ path: source, message }));
    throw new CliError("not_importable", `${source} cannot be imported`, { faults });
  }
  const text = importedText(imported, TITLES[options.from]);
  const { policy, findings } = loadPolicy(text);
  if (policy === null) throw new CliError("internal", `the import does not load: ${findings[0]?.message ?? ""}`);
  await write(text, options);
  const { notes } = imported;
  if (options.json) return printJson({ out: options.out, rules: policy.rules.length, notes });
  if (options.out === "-") return;
  for (const { kind, at, message } of notes) print(`${colored(kind)}  ${printable(at)}: ${printable(message)}`);
  print(`wrote ${printable(options.out)}: ${policy.rules.length} rules; ${notes.length} things to know of it`);
}

async function converted(source: string, { from, profile, root, home }: ImportOptions): Promise<Imported> {
  const text = await readText(source);
  if (from === "cedar") return importCedarText(text);
  if (from === "claude-code") return importClaudeCode(text, { root: root ?? null, home: home ?? null });
  return importV0(text, profile === undefined ? null : await readText(profile));
}

async function write(text: string, { out, force }: ImportOptions): Promise<void> {
  if (out === "-") {
    process.stdout.write(text);
    return;
  }
  const isThere = await access(out).then(
    () => true,
    () => false,
  );
  if (isThere && force !== true) {
    throw new CliError("file_exists", `${out} is already here: nothing was written`, {
      hint: "--force writes over it",
    });
  }
  await writeFile(out, text);
}

function colored(kind: Imported["notes"][number]["kind"]): string {
  return kind === "same" ? colors.dim(kind) : colors.yellow(kind);
}
