import { LIMITS } from "@faramesh/protocol";
import { InvalidArgumentError } from "commander";

/** Gathers an option that may be given many times. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

/** Reads a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

const WAIT = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s)?$/;

/** Reads a wait, `30`, `30s` or `500ms`, as seconds. */
export function waitSeconds(text: string): number {
  const match = WAIT.exec(text);
  const seconds = match === null ? Number.NaN : Number(match[1]) / (match[2] === "ms" ? 1000 : 1);
  if (seconds <= LIMITS.waitSecondsMax) return seconds;
  throw new InvalidArgumentError(`It must be a time such as 30s or 500ms, at most ${LIMITS.waitSecondsMax}s.`);
}
