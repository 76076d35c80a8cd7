import type { Command } from "commander";
import { addConnectionOptions } from "../connection.js";
import { checkPolicy } from "./policy-check.js";
import { showPolicy } from "./policy-show.js";
import { testPolicy } from "./policy-test.js";

/** `faramesh policy`: work with policies before and while they are active. */
export function define(command: Command): void {
  command
    .command("check <file>")
    .description("load a policy as the gate would and print every finding as file:line:column; exit 1 on errors")
    .option("--strict", "exit 1 on warnings too")
    .option("--json", "print JSON")
    .action(checkPolicy);
  addConnectionOptions(
    command
      .command("show [file]")
      .description("show the rules of a policy file, or the policy that is active on the gate"),
  ).action(showPolicy);
  command
    .command("test <file>")
    .description("run the cases beside a policy (NAME.test.yaml beside NAME.yaml); exit 1 if one fails")
    .option("--cases <file>", "the cases: a list of {name, action, expect: {outcome, rule_id?, …}}")
    .option("--json", "print JSON")
    .action(testPolicy);
}
