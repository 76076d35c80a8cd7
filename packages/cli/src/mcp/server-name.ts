import { usageError } from "../errors.js";

/** Names that pins are kept under, and prefixes: two underscores end a prefix. */
export function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]*(_[A-Za-z0-9.-]+)*$/.test(name) && name.length <= 64 && name !== "constructor") {
    return name;
  }
  throw usageError("a server's name is 1 to 64 letters, digits, dots, dashes and single underscores");
}
