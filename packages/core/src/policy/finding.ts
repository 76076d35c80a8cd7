import type { FindingCode } from "./finding-codes.js";

/** What was found in a policy document. An error refuses the load, a warning is told and does not. */
export interface Finding {
  severity: "error" | "warning";
  /** Stable: programs match on this, never on the message. */
  code: FindingCode;
  message: string;
  /** What to do about it, in a line. */
  cure: string;
  /** Where, from `$`: `$.rules[3].match.params.amount`. */
  path: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}
