import type { Agent } from "@faramesh/protocol";
import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, connectAdmin } from "../connection.js";
import { colors, print, printable, printJson } from "../output.js";
import { table } from "../render/table.js";

/** `faramesh agents`: see the agents, and stop one. */
export function define(command: Command): void {
  addConnectionOptions(command.command("list").description("list the agents the gate has seen")).action(list);
  addConnectionOptions(
    command
      .command("disable <agent_id>")
      .description("from now on answer HALT to this agent, and cancel what it has pending"),
  )
    .option("--reason <text>", "why, for the record")
    .action(disable);
  addConnectionOptions(
    command.command("enable <agent_id>").description("let a disabled agent be decided again"),
  ).action(enable);
}

async function list(options: ConnectionOptions): Promise<void> {
  const agents = await connectAdmin(options).listAgents();
  if (options.json) return printJson(agents);
  print(agents.length === 0 ? "no agent has been seen yet" : agentTable(agents));
}

async function disable(agentId: string, options: ConnectionOptions & { reason?: string }): Promise<void> {
  show(await connectAdmin(options).disableAgent(agentId, options.reason), options);
}

async function enable(agentId: string, options: ConnectionOptions): Promise<void> {
  show(await connectAdmin(options).enableAgent(agentId), options);
}

function show(agent: Agent, options: ConnectionOptions): void {
  if (options.json) printJson(agent);
  else print(`${printable(agent.agent_id)} is ${state(agent)}`);
}

function agentTable(agents: readonly Agent[]): string {
  const rows = agents.map((agent) => [
    printable(agent.agent_id),
    state(agent),
    String(agent.actions),
    agent.last_seen_at ?? "never",
    printable(agent.reason ?? ""),
  ]);
  return table(["agent", "state", "actions", "last seen", "reason"], rows);
}

function state(agent: Agent): string {
  return agent.enabled ? colors.green("enabled") : colors.red("disabled");
}
