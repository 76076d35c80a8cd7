import { LIMITS, OUTCOMES, type Outcome, RISK_LEVELS, type RiskLevel, STATUSES, type Status } from "@faramesh/protocol";
import type { ListFilters } from "@faramesh/sdk";
import { type Command, Option } from "commander";
import { addConnectionOptions, type ConnectionOptions, connect } from "../connection.js";
import { collect, oneOf, time, wholeNumber } from "../option-parsers.js";
import { print, printJson } from "../output.js";
import { actionTable } from "../render/action.js";

interface ListOptions extends ConnectionOptions {
  status?: Status[];
  agent?: string[];
  tool?: string[];
  operation?: string[];
  outcome?: Outcome[];
  risk?: RiskLevel[];
  search?: string;
  since?: string;
  until?: string;
  limit?: number;
}

/** `faramesh list`: actions, newest first. */
export function define(command: Command): void {
  addConnectionOptions(command)
    .option("--status <status>", "only this status; repeatable", oneOf(STATUSES))
    .option("--agent <id>", "only this agent; repeatable", collect)
    .option("--tool <name>", "only this tool; repeatable", collect)
    .option("--operation <name>", "only this operation; repeatable", collect)
    .option("--outcome <outcome>", "only EXECUTE, ABSTAIN or HALT; repeatable", oneOf(OUTCOMES))
    .option("--risk <level>", "only this risk level; repeatable", oneOf(RISK_LEVELS))
    .option("--search <text>", "words in tool, operation, agent, reason or params; all of them")
    .option("--since <time>", "submitted at or after this RFC 3339 time", time)
    .option("--until <time>", "submitted before this RFC 3339 time", time)
    .addOption(
      new Option("--limit <count>", "how many at the most")
        .default(LIMITS.listLimitDefault)
        .argParser(wholeNumber(1, LIMITS.listLimitMax)),
    )
    .action(list);
}

async function list(options: ListOptions): Promise<void> {
  const actions = await connect(options).listActions(filters(options));
  if (options.json) return printJson(actions);
  print(actions.length === 0 ? "no action matches" : actionTable(actions));
}

function filters(options: ListOptions): ListFilters {
  const { status, agent, tool, operation, outcome, risk, search, since, until, limit } = options;
  return { status, agent_id: agent, tool, operation, outcome, risk_level: risk, q: search, since, until, limit };
}
