import { access, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { CliError } from "../errors.js";
import { print, printJson } from "../output.js";
import { STARTER_POLICY, STARTER_TESTS } from "../starter-policy.js";

const FILES = { "faramesh.yaml": STARTER_POLICY, "faramesh.test.yaml": STARTER_TESTS };

/** `faramesh init`: a policy to start from, with its tests, in the current folder. */
export function define(command: Command): void {
  command.option("--json", "print JSON").action(init);
}

async function init(options: { json?: boolean }): Promise<void> {
  for (const file of Object.keys(FILES)) {
    if (await exists(file)) throw new CliError("file_exists", `${file} is already here: nothing was written`);
  }
  for (const [file, text] of Object.entries(FILES)) await writeFile(file, text, { flag: "wx" });
  if (options.json) return printJson({ written: Object.keys(FILES) });
  print(`wrote ${Object.keys(FILES).join(" and ")}`);
  print("try: faramesh policy check faramesh.yaml && faramesh policy test faramesh.yaml");
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
