import type { Outcome } from "@faramesh/protocol";
import type { Command } from "commander";

const OUTCOME_EXIT_CODES: Readonly<Record<Outcome, number>> = { EXECUTE: 0, ABSTAIN: 3, HALT: 4 };
/** An outcome this version does not know is not a yes. */
const UNKNOWN_OUTCOME = 4;

/** Adds `--exit-code`, by which a script can branch on the outcome without reading output. */
export function addOutcomeExitCode(command: Command): Command {
  return command.option("--exit-code", "exit 0 on EXECUTE, 3 on ABSTAIN, 4 on HALT");
}

/** Sets the exit code where `--exit-code` was given. */
export function setOutcomeExitCode(outcome: Outcome, wanted: boolean | undefined): void {
  if (wanted === true) process.exitCode = OUTCOME_EXIT_CODES[outcome] ?? UNKNOWN_OUTCOME;
}
