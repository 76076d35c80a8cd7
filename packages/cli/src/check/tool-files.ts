import { readToolSchemas, type ToolSchema } from "@faramesh/core";
import { CliError } from "../errors.js";
import { readText } from "../text-file.js";

/** `NAME=FILE` says what the tool is called that an OpenAPI document describes. */
const NAMED = /^([^=/\\]+)=(.+)$/;

/**
 * Reads files that describe tools: an answer to `tools/list`, an OpenAPI document, or a list of schemas.
 *
 * @throws {@link CliError} `invalid_tools` with what is wrong in each.
 */
export async function readToolFiles(given: readonly string[]): Promise<ToolSchema[]> {
  const tools: ToolSchema[] = [];
  for (const each of given) {
    const [, name, named] = NAMED.exec(each) ?? [];
    const file = named ?? each;
    const read = readToolSchemas(await readText(file), name);
    if (read.faults.length > 0) {
      const faults = read.faults.map((message) => ({ path: file, message }));
      throw new CliError("invalid_tools", `${file} does not describe tools`, { faults });
    }
    tools.push(...read.tools);
  }
  return tools;
}
