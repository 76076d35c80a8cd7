import type { RuleSummary } from "@faramesh/core";
import { type ConnectionOptions, connectAdmin } from "../connection.js";
import { print, printable, printJson } from "../output.js";
import { requirePolicy } from "../policy-file.js";
import { table } from "../render/table.js";
import { effectWord } from "../render/words.js";

/** `faramesh policy show [FILE]`. */
export async function showPolicy(file: string | undefined, options: ConnectionOptions): Promise<void> {
  return file === undefined ? showActive(options) : showFile(file, options);
}

async function showFile(file: string, options: ConnectionOptions): Promise<void> {
  const { id, version, hash, rules } = await requirePolicy(file);
  if (options.json) return printJson({ id, version, hash, rules });
  print(`${printable(id)}  ${hash}`);
  print(ruleTable(rules));
}

async function showActive(options: ConnectionOptions): Promise<void> {
  const active = await connectAdmin(options).activePolicy();
  if (options.json) return printJson(active);
  print(`${printable(active.id)} v${active.version}  ${active.hash}  loaded ${active.loaded_at}`);
  print(ruleTable(active.rules));
  for (const warning of active.warnings) print(`warning: ${printable(warning)}`);
}

function ruleTable(rules: readonly RuleSummary[]): string {
  return table(["rule", "effect", "tool", "operation", "when", "from", "reason"], rules.map(ruleRow));
}

function ruleRow(rule: RuleSummary): string[] {
  return [
    printable(rule.id),
    rule.enabled ? effectWord(rule.effect) : `${rule.effect} (not enabled)`,
    printable(rule.tools.join(", ") || "any"),
    printable(rule.operations.join(", ") || "any"),
    printable([...agentCondition(rule), ...rule.conditions].join(", ")),
    rule.pack === null ? `line ${rule.line}` : `pack ${rule.pack}`,
    printable(rule.reason),
  ];
}

function agentCondition(rule: RuleSummary): string[] {
  return rule.agents.length === 0 ? [] : [`agent_id in ${rule.agents.join(" ")}`];
}
