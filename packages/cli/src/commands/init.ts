import { access, writeFile } from "node:fs/promises";
import { PACK_NAMES, type PackName, packSummary } from "@faramesh/policies";
import type { Command } from "commander";
import { cloneFolder, commandName } from "../command-name.js";
import { CliError } from "../errors.js";
import { oneOf } from "../option-parsers.js";
import { print, printJson } from "../output.js";
import { packedPolicy, packedTests } from "../packed-policy.js";
import { SCHEMA_FOLDER, withSchemaLine, writeSchemas } from "../schema-files.js";
import { STARTER_POLICY, STARTER_TESTS } from "../starter-policy.js";

interface InitOptions {
  pack?: PackName[];
  listPacks?: boolean;
  json?: boolean;
}

/** `faramesh init`: a policy to start from, with its tests, in the current folder. */
export function define(command: Command): void {
  command
    .option("--pack <name>", "build it on a ready pack; may be given again", oneOf(PACK_NAMES))
    .option("--list-packs", "print the packs there are, and what each is for")
    .option("--json", "print JSON")
    .action(init);
}

async function init({ pack = [], listPacks, json }: InitOptions): Promise<void> {
  if (listPacks) return printPacks(json === true);
  const files = pack.length === 0 ? starter() : packed([...new Set(pack)]);
  for (const file of Object.keys(files)) {
    if (await exists(file)) throw alreadyHere(file);
  }
  await writeSchemas(SCHEMA_FOLDER);
  for (const [file, text] of Object.entries(files)) await writeFile(file, withSchemaLine(file, text), { flag: "wx" });
  if (json) return printJson({ written: Object.keys(files) });
  print(`wrote ${Object.keys(files).join(" and ")}`);
  const name = commandName();
  const start = cloneFolder() === undefined ? `${name} dev` : "npm start";
  print(`try: ${name} policy check faramesh.yaml && ${name} policy test faramesh.yaml`);
  print(`\`${start}\` uses it from its next start on, and follows every change of it`);
}

type Files = Readonly<Record<"faramesh.yaml" | "faramesh.test.yaml", string>>;

function starter(): Files {
  return { "faramesh.yaml": STARTER_POLICY, "faramesh.test.yaml": STARTER_TESTS };
}

function packed(names: readonly PackName[]): Files {
  return { "faramesh.yaml": packedPolicy(names), "faramesh.test.yaml": packedTests(names) };
}

function printPacks(json: boolean): void {
  const packs = PACK_NAMES.map((name) => ({ name, summary: packSummary(name) }));
  if (json) printJson(packs);
  else for (const { name, summary } of packs) print(`${name}\n  ${summary}`);
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
