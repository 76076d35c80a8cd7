import pico from "picocolors";

const onTerminal = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";

/** Colours, on a terminal and without `NO_COLOR` (https://no-color.org); plain text everywhere else. */
export const colors = pico.createColors(onTerminal);

/** Writes one line to stdout. */
export function print(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Writes a value as indented JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Text as it may go to a terminal. Agents choose much of what is shown to the people who approve: control and
 * direction characters are written as escapes, so that nothing can repaint the line above it.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
  });
}

/** Stops quietly when the reader of stdout goes away, as `faramesh tail | head` does. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
