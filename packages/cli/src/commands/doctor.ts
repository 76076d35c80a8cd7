import type { Command } from "commander";
import { addConnectionOptions, type ConnectionOptions, findConnection } from "../connection.js";
import { DEFAULT_DATA_DIR } from "../data-dir.js";
import { type Check, checkDataDir, checkNode, checkPolicyFile } from "../doctor/local-checks.js";
import { checkServer } from "../doctor/server-checks.js";
import { colors, print, printable, printJson } from "../output.js";

/** `faramesh doctor`: look at everything a working gate and client need, and say what is wrong. */
export function define(command: Command): void {
  addConnectionOptions(command)
    .option("--policy <file>", "a policy to load (default: the one `dev` uses here)")
    .action(doctor);
}

async function doctor(options: ConnectionOptions & { policy?: string }): Promise<void> {
  const dataDir = options.data ?? DEFAULT_DATA_DIR;
  const policy = await checkPolicyFile(options.policy, dataDir);
  const checks: Check[] = [
    checkNode(process.versions.node),
    await checkDataDir(dataDir),
    policy.check,
    ...(await checkServer(findConnection(options), policy.read)),
  ];
  const ok = checks.every((check) => check.ok);
  if (options.json) printJson({ ok, checks });
  else for (const check of checks) print(checkLine(check));
  if (!ok) process.exitCode = 1;
}

function checkLine(check: Check): string {
  return `${mark(check)}  ${check.name.padEnd(14)}  ${printable(check.detail)}`;
}

function mark({ ok, warning }: Check): string {
  if (!ok) return colors.red("!!");
  return warning === true ? colors.yellow("??") : colors.green("ok");
}
