import { access, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { cloneFolder, commandName } from "../command-name.js";
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
    if (await exists(file)) throw alreadyHere(file);
  }
  for (const [file, text] of Object.entries(FILES)) await writeFile(file, text, { flag: "wx" });
  if (options.json) return printJson({ written: Object.keys(FILES) });
  print(`wrote ${Object.keys(FILES).join(" and ")}`);
  const name = commandName();
  const start = cloneFolder() === undefined ? `${name} dev` : "npm start";
  print(`try: ${name} policy check faramesh.yaml && ${name} policy test faramesh.yaml`);
  print(`\`${start}\` uses it from its next start on, and follows every change of it`);
}

function alreadyHere(file: string): CliError {
  const hint = "go on with the one that is here, or run init in another folder";
  return new CliError("file_exists", `${file} is already here: nothing was written`, { hint });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
