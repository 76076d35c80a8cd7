import { createInterface } from "node:readline/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { AdminClient, Pruned } from "../admin-client.js";
import { addConnectionOptions, type ConnectionOptions, connectAdmin } from "../connection.js";
import { CliError, usageError } from "../errors.js";
import { time } from "../option-parsers.js";
import { print, printJson } from "../output.js";

const DAY_MS = 86_400_000;
const HELP = `
An action goes when nothing happened to it since that time and nobody waits for it. Ledger entries go from the first
one on, up to one that is younger or about an action that stays; the rest is verified as before. At least 8 days stay.
What was removed cannot be brought back.`;

interface PruneOptions extends ConnectionOptions {
  before: string;
  dryRun?: boolean;
  yes?: boolean;
}

/** `faramesh prune`: remove what is old. */
export function define(command: Command): void {
  addConnectionOptions(command)
    .requiredOption("--before <time>", "what is older than this: 90d, 2026-01-31, or an RFC 3339 time", pastTime)
    .option("--dry-run", "only show what would go")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP)
    .action(prune);
}

async function prune({ before, dryRun, yes, ...options }: PruneOptions): Promise<void> {
  const admin = connectAdmin(options);
  if (dryRun !== true && yes !== true) await confirm(admin, before);
  const pruned = await patiently(admin.prune({ before, dry_run: dryRun === true }));
  if (options.json) printJson(pruned);
  else print(prunedText(pruned));
}

/** Shows a person what would go, and asks. */
async function confirm(admin: AdminClient, before: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw usageError("there is nobody to ask here: say --yes, or --dry-run to see what would go");
  }
  const asked = prunedText(await patiently(admin.prune({ before, dry_run: true })));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${asked}\nRemove it? It cannot be brought back. [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("not_confirmed", "nothing was removed");
  } finally {
    terminal.close();
  }
}

async function patiently<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "unreachable") throw error;
    const hint =
      "is the gate running? One that is goes on with a large pruning; do the same again to see what came of it";
    throw new CliError(error.code, error.message, { hint });
  }
}

function prunedText({ before, actions, entries, first_index, root, dry_run, removed }: Pruned): string {
  const what = `${counted(actions, "action", "actions")} and ${counted(entries, "ledger entry", "ledger entries")}`;
  if (actions + entries === 0) return `there is nothing to remove from before ${before}`;
  if (dry_run) return `would remove ${what} from before ${before}; the ledger would begin at ${first_index}`;
  const rest = removed ? "" : "\nrows are still being removed, in the background";
  return `removed ${what} from before ${before}; the ledger begins at ${first_index}, behind the root\n${root}${rest}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Reads a number of days ago, a date (its beginning, UTC) or an RFC 3339 time, as the last of these. */
function pastTime(text: string): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  if (days !== undefined) return new Date(Date.now() - Number(days) * DAY_MS).toISOString();
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`;
  if (text.includes("T")) return time(text);
  throw new InvalidArgumentError("It must be a number of days such as 90d, a date such as 2026-01-31, or a time.");
}
