import { statSync } from "node:fs";

/**
 * Remembers which file a path leads to now.
 *
 * @returns Looks again: `gone` when nothing is there, `replaced` when it is another file.
 */
export function rememberFile(path: string): () => "same" | "gone" | "replaced" {
  const opened = statSync(path);
  return () => {
    const present = statSync(path, { throwIfNoEntry: false });
    if (present === undefined) return "gone";
    return present.ino === opened.ino && present.dev === opened.dev ? "same" : "replaced";
  };
}
