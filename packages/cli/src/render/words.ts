import type { Effect, Outcome, Status } from "@faramesh/protocol";
import { colors } from "../output.js";

type Paint = (text: string) => string;

const OUTCOME_COLORS: Readonly<Record<Outcome, Paint>> = {
  EXECUTE: colors.green,
  ABSTAIN: colors.yellow,
  HALT: colors.red,
};

const EFFECT_COLORS: Readonly<Record<Effect, Paint>> = {
  allow: colors.green,
  require_approval: colors.yellow,
  deny: colors.red,
};

const STATUS_COLORS: Readonly<Record<Status, Paint>> = {
  allowed: colors.green,
  approved: colors.green,
  succeeded: colors.green,
  pending_approval: colors.yellow,
  executing: colors.cyan,
  denied: colors.red,
  failed: colors.red,
  unknown: colors.magenta,
  expired: colors.dim,
  cancelled: colors.dim,
};

/** An outcome in its colour. */
export function outcomeWord(outcome: Outcome): string {
  return paint(OUTCOME_COLORS[outcome], outcome);
}

/** An effect in its colour. */
export function effectWord(effect: Effect): string {
  return paint(EFFECT_COLORS[effect], effect);
}

/** A status in its colour, padded to `width` characters. */
export function statusWord(status: Status, width = 0): string {
  return paint(STATUS_COLORS[status], status.padEnd(width));
}

// A word of a newer gate has no colour here; it is shown all the same.
function paint(color: Paint | undefined, word: string): string {
  return color === undefined ? word : color(word);
}
