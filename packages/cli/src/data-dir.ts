import { readFileSync } from "node:fs";

/** Where a gate keeps its data when nothing else is said. */
export const DEFAULT_DATA_DIR = ".faramesh";

/** The key a file holds, or undefined where there is none to read. */
export function readKeyFile(file: string): string | undefined {
  try {
    const key = readFileSync(file, "utf8").trim();
    return key === "" ? undefined : key;
  } catch {
    return undefined;
  }
}
