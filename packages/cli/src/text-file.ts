import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { CliError } from "./errors.js";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "its permissions do not let this user read it",
};

/**
 * Reads a file as UTF-8 text; `-` reads stdin.
 *
 * @param hintWhereMissing - What to do where there is no such file.
 * @throws {@link CliError} `unreadable_file`, also where the bytes are not UTF-8.
 */
export async function readText(file: string, hintWhereMissing?: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    const hint = codeOf(error) === "ENOENT" ? hintWhereMissing : undefined;
    throw new CliError("unreadable_file", `cannot read ${file}: ${reasonOf(error)}`, { hint });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof TypeError ? "it is not UTF-8 text" : (REASONS[codeOf(error)] ?? error.message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
