/** Whether a folder is named from the root of the machine on, plainly. */
export function isAbsolutePath(path: string): boolean {
  return path.startsWith("/") && !/(^|\/)\.{1,2}(\/|$)|[\\%\0]/.test(path);
}

/**
 * A path as gitignore writes it, as a pattern in RE2: `**` for any folders, `*` and `?` within a name.
 */
export function pathPattern(path: string): string {
  const steps = path.split(/(\*\*\/|\*\*|\*|\?)/);
  return steps
    .map((step) => {
      if (step === "**/") return "(?:[^/]+/)*";
      if (step === "**") return "(?s:.+)";
      if (step === "*") return "[^/]*";
      return step === "?" ? "[^/]" : step.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
}
