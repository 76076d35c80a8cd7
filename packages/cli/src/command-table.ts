import type { Command } from "commander";

/** What a file in `commands/` offers. */
export interface CommandModule {
  /**
   * Adds options and what the command does to the command of its name.
   *
   * @param wholeProgram - Loads every command, for what needs to know them all.
   */
  define(command: Command, wholeProgram: () => Promise<Command>): void;
}

/** A command as `faramesh --help` lists it, and how to load the rest of it. */
export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help page. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "dev",
    summary: "run a gate for development here and watch it decide",
    load: () => import("./commands/dev.js"),
  },
  { name: "serve", summary: "run a gate", load: () => import("./commands/serve.js") },
  {
    name: "migrate",
    summary: "bring a shared database to this release's schema",
    load: () => import("./commands/migrate.js"),
  },
  { name: "submit", summary: "submit an action", load: () => import("./commands/submit.js") },
  { name: "decide", summary: "ask what the gate would answer", load: () => import("./commands/decide.js") },
  { name: "explain", summary: "show why, rule by rule", load: () => import("./commands/explain.js") },
  { name: "list", summary: "list actions, newest first", load: () => import("./commands/list.js") },
  { name: "get", summary: "show one action", load: () => import("./commands/get.js") },
  { name: "approve", summary: "approve a pending action", load: () => import("./commands/approve.js") },
  { name: "reject", summary: "reject a pending action", load: () => import("./commands/reject.js") },
  { name: "tail", summary: "watch what happens, one readable line each", load: () => import("./commands/tail.js") },
  { name: "events", summary: "stream events as the gate sends them", load: () => import("./commands/events.js") },
  { name: "keys", summary: "create, list, revoke and rotate API keys", load: () => import("./commands/keys.js") },
  { name: "agents", summary: "list, disable and enable agents", load: () => import("./commands/agents.js") },
  {
    name: "prune",
    summary: "remove actions and ledger entries that are old",
    load: () => import("./commands/prune.js"),
  },
  { name: "policy", summary: "check, test, version and compare policies", load: () => import("./commands/policy.js") },
  { name: "tools", summary: "say what the params of tools look like", load: () => import("./commands/tools.js") },
  { name: "mcp", summary: "put MCP servers behind the gate", load: () => import("./commands/mcp.js") },
  { name: "init", summary: "write a starter policy and its tests here", load: () => import("./commands/init.js") },
  { name: "doctor", summary: "find out what is wrong", load: () => import("./commands/doctor.js") },
  {
    name: "completion",
    summary: "print a completion script for bash, zsh or fish",
    load: () => import("./commands/completion.js"),
  },
];
