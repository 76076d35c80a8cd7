import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { policySchema, policyTestsSchema } from "@faramesh/core";
import { DEFAULT_DATA_DIR } from "./data-dir.js";

/** Where the schemas lie that files in this folder name. */
export const SCHEMA_FOLDER = DEFAULT_DATA_DIR;

/** A schema as it is written into a file. */
export function schemaText(tests: boolean): string {
  return `${JSON.stringify(tests ? policyTestsSchema() : policySchema(), null, 2)}\n`;
}

/** Writes both schemas, anew each time: they are this release's. */
export async function writeSchemas(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const tests of [false, true]) await writeFile(join(folder, schemaName(tests)), schemaText(tests));
}

/** The text of a policy or of tests, naming its schema for the language server of YAML. */
export function withSchemaLine(file: string, text: string): string {
  return `# yaml-language-server: $schema=${SCHEMA_FOLDER}/${schemaName(file.endsWith(".test.yaml"))}\n${text}`;
}

function schemaName(tests: boolean): string {
  return tests ? "policy-tests.schema.json" : "policy.schema.json";
}
