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

/** Gathers words of a closed list, for an option that may be given many times. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string, earlier?: Word[]) => Word[] {
  return (text, earlier) => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return [...(earlier ?? []), word];
    const meant = words.filter((known) => known.toLowerCase().startsWith(text.toLowerCase()));
    const question = meant.length === 1 ? `; did you mean ${meant[0]}?` : ".";
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}${question}`);
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** Reads a time as RFC 3339 writes it; whether there is such a day is for the gate to say. */
export function time(text: string): string {
  if (TIME.test(text)) return text;
  throw new InvalidArgumentError("It must be an RFC 3339 time such as 2026-01-31T09:30:00Z.");
}

const WAIT = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s)?$/;

/** Reads a wait, `30`, `30s` or `500ms`, as seconds. */
export function waitSeconds(text: string): number {
  const match = WAIT.exec(text);
  const seconds = match === null ? Number.NaN : Number(match[1]) / (match[2] === "ms" ? 1000 : 1);
  if (seconds <= LIMITS.waitSecondsMax) return seconds;
  throw new InvalidArgumentError(`It must be a time such as 30s or 500ms, at most ${LIMITS.waitSecondsMax}s.`);
}
