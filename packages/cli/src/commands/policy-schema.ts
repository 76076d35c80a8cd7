import { writeFile } from "node:fs/promises";
import { print, printable } from "../output.js";
import { schemaText } from "../schema-files.js";

/** `faramesh policy schema`. */
export async function printSchema({ tests = false, out }: { tests?: boolean; out?: string }): Promise<void> {
  const text = schemaText(tests);
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  await writeFile(out, text);
  print(`wrote ${printable(out)}`);
}
