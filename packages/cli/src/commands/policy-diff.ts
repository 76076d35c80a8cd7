import { diffPolicies } from "@faramesh/core";
import type { PolicyDiffAnswer, PolicySide } from "../admin-client.js";
import { type ConnectionOptions, connectAdmin } from "../connection.js";
import { colors, print, printable, printJson } from "../output.js";
import { requirePolicy } from "../policy-file.js";
import { diffText } from "../render/policy.js";
import { outcomeWord } from "../render/words.js";
import { readText } from "../text-file.js";

interface DiffOptions extends ConnectionOptions {
  actions?: number;
}

/**
 * `faramesh policy diff BEFORE [AFTER]`: what differs in meaning between two files or recorded versions (`ID@3`); with
 * one of them, between the policy that decides and that one.
 */
export async function diffPolicy(first: string, second: string | undefined, options: DiffOptions): Promise<void> {
  const [before, after] = second === undefined ? [undefined, first] : [first, second];
  const isOffline = before !== undefined && !isVersion(before) && !isVersion(after) && options.actions === undefined;
  const diff = isOffline ? await diffFiles(before, after) : await diffOnGate(before, after, options);
  if (options.json) return printJson(diff);
  print(diffText(diff));
  if (diff.decisions !== undefined) print(`\n${decisionsText(diff.decisions)}`);
}

async function diffFiles(before: string, after: string): Promise<PolicyDiffAnswer> {
  return diffPolicies(await requirePolicy(before), await requirePolicy(after));
}

async function diffOnGate(
  before: string | undefined,
  after: string,
  { actions, ...options }: DiffOptions,
): Promise<PolicyDiffAnswer> {
  return connectAdmin(options).diffPolicies({
    ...(before !== undefined && { before: await sideOf(before) }),
    after: await sideOf(after),
    ...(actions !== undefined && { actions }),
  });
}

const VERSION = /^(?<id>.+)@(?<version>[1-9]\d{0,14})$/;

function isVersion(given: string): boolean {
  return VERSION.test(given);
}

async function sideOf(given: string): Promise<PolicySide> {
  const { id, version } = VERSION.exec(given)?.groups ?? {};
  return id === undefined ? { source: await readText(given) } : { id, version: Number(version) };
}

function decisionsText({ compared, changed }: PolicyDiffAnswer["decisions"] & {}): string {
  const head = `of the newest ${compared} recorded actions, ${changed.length} would be decided otherwise`;
  const lines = changed.map(({ action_id, agent_id, tool, operation, before, after, direction }) => {
    const answers = [before, after].map(({ outcome, rule_id }) => {
      return `${outcomeWord(outcome)} by ${printable(rule_id ?? "no rule")}`;
    });
    const mark = direction === "looser" ? colors.red("looser") : direction;
    return `${mark}  ${action_id}  ${printable(`${agent_id} ${tool} ${operation}`)}: ${answers.join(" → ")}`;
  });
  return [head, ...lines].join("\n");
}
