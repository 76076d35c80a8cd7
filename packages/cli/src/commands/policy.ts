import { OUTCOMES } from "@faramesh/protocol";
import { type Command, Option } from "commander";
import { addConnectionOptions } from "../connection.js";
import { collect, wholeNumber } from "../option-parsers.js";
import { activatePolicy, deactivatePolicy, rollBackPolicy } from "./policy-activate.js";
import { CHECK_FORMATS, checkPolicies } from "./policy-check.js";
import { diffPolicy } from "./policy-diff.js";
import { listPolicies, showHistory } from "./policy-history.js";
import { IMPORT_SOURCES, importPolicy } from "./policy-import.js";
import { pushPolicy } from "./policy-push.js";
import { recordTest } from "./policy-record.js";
import { printSchema } from "./policy-schema.js";
import { showPolicy } from "./policy-show.js";
import { testPolicy } from "./policy-test.js";

const VERSIONS_MAX = 999_999_999_999_999;
const ACTIVATIONS_MAX = 1_000;
const COMPARED_MAX = 1_000;

/** `faramesh policy`: work with policies before and while they are active. */
export function define(command: Command): void {
  defineOffline(command);
  defineVersions(command);
}

function defineOffline(command: Command): void {
  command
    .command("check <files...>")
    .description("look at policies as an activation would, tests included, and print every finding; exit 1 on errors")
    .option("--strict", "exit 1 on warnings too")
    .option(
      "--tools <file>",
      "hold rules against these tools: an MCP tools/list, OpenAPI, or a list of schemas",
      collect,
    )
    .addOption(new Option("--format <format>", "how findings are printed").choices(CHECK_FORMATS).default("text"))
    .option("--json", "print JSON, as --format json does")
    .action(checkPolicies);
  addConnectionOptions(
    command
      .command("show [file]")
      .description("show the rules of a policy file, or the policy that is active on the gate"),
  ).action(showPolicy);
  command
    .command("test <file>")
    .description("run the tests in a policy and beside it (NAME.test.yaml beside NAME.yaml); exit 1 if one fails")
    .option("--cases <file>", "the tests, in place of those beside it: a list of {name, action, expect}")
    .option("--min-coverage <percent>", "exit 1 too where fewer rules answer a test", wholeNumber(0, 100))
    .option("--json", "print JSON")
    .action(testPolicy);
  command
    .command("import <source>")
    .description("translate a policy of another kind, never looser, and say what changed and why")
    .addOption(new Option("--from <kind>", "what it is").choices(IMPORT_SOURCES).makeOptionMandatory())
    .requiredOption("--out <file>", "where the policy is written; - prints it")
    .option("--force", "write over a file that is there")
    .option("--profile <file>", "faramesh-v0: the execution profile beside it")
    .option("--root <dir>", "claude-code: where the project lies, for rules about its files")
    .option("--home <dir>", "claude-code: where ~ lies")
    .option("--json", "print JSON")
    .action(importPolicy);
  command
    .command("schema")
    .description("print the JSON Schema of a policy, which editors complete and check by")
    .option("--tests", "of a file of tests")
    .option("--out <file>", "write it there")
    .action(printSchema);
  addConnectionOptions(
    command
      .command("record <id>")
      .description("turn a recorded action into a test of the policy")
      .option("--out <file>", "add it to this file; without it, it is printed")
      .option("--name <name>", "what the test claims")
      .addOption(new Option("--expect <outcome>", "what should have been answered").choices(OUTCOMES)),
  ).action(recordTest);
}

function defineVersions(command: Command): void {
  const note = ["--note <text>", "why, for the record"] as const;
  const version = wholeNumber(1, VERSIONS_MAX);
  addConnectionOptions(
    command
      .command("push <file>")
      .description("record a policy, with the tests beside it, as a version on the gate")
      .option("--activate", "make it decide from now on; its tests must pass")
      .option(...note),
  ).action(pushPolicy);
  addConnectionOptions(
    command
      .command("activate <id>")
      .argument("<version>", "from policy history", version)
      .description("make a recorded version decide; its tests must pass")
      .option(...note),
  ).action(activatePolicy);
  addConnectionOptions(
    command
      .command("rollback <id>")
      .description("make the version decide that did before the present one")
      .option(...note),
  ).action(rollBackPolicy);
  addConnectionOptions(
    command
      .command("deactivate <id>")
      .description("end a policy: its agents get the next closest one, or nothing at all")
      .option(...note),
  ).action(deactivatePolicy);
  addConnectionOptions(
    command.command("list").description("list the gate's policies, and the version of each that decides"),
  ).action(listPolicies);
  addConnectionOptions(
    command
      .command("history [id]")
      .description("show a policy's versions, and what was made to decide when, by whom and why")
      .option("--limit <n>", "how many activations are shown", wholeNumber(1, ACTIVATIONS_MAX)),
  ).action(showHistory);
  addConnectionOptions(
    command
      .command("diff <before> [after]")
      .description("compare two policies by what they mean: files or versions (ID@3); one alone, with what decides now")
      .option("--actions <n>", "decide so many recorded actions by both", wholeNumber(1, COMPARED_MAX)),
  ).action(diffPolicy);
}
