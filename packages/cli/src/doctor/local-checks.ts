import { access, constants, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { commandName } from "../command-name.js";
import { developmentPolicy, OWN_POLICY } from "../dev/policy-for-development.js";
import { type PolicyFile, place, readPolicyFile, sentence } from "../policy-file.js";

/** One thing that was looked at. */
export interface Check {
  name: string;
  ok: boolean;
  /** Nothing is wrong by itself, but it may not be what was meant. */
  warning?: true;
  /** What was found and, where it is wrong, what to do. */
  detail: string;
}

const NODE_MIN = [20, 19] as const;
const OTHERS_MAY = 0o077;

/** Whether this Node.js is one the gate runs on. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const ok = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return { name: "node", ok, detail: ok ? version : `${version}: install ${NODE_MIN.join(".")} or newer` };
}

/** Whether the data directory can be used, and its keys be read by nobody else. */
export async function checkDataDir(dir: string): Promise<Check> {
  const name = "data directory";
  const found = await stat(dir).catch(() => undefined);
  if (found === undefined)
    return { name, ok: true, detail: `${dir} is not there yet: a gate makes it at its first start` };
  if (!found.isDirectory()) return { name, ok: false, detail: `${dir} is not a directory` };
  const writable = await access(dir, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) return { name, ok: false, detail: `${dir} cannot be read and written by this user` };
  const open = await openKeyFiles(dir);
  if (open.length > 0) return { name, ok: false, detail: `others can read ${open.join(", ")}: chmod 600 them` };
  return { name, ok: true, detail: dir };
}

async function openKeyFiles(dir: string): Promise<string[]> {
  const open: string[] = [];
  for (const file of (await readdir(dir)).filter((entry) => entry.endsWith(".key"))) {
    const path = join(dir, file);
    if (((await stat(path)).mode & OTHERS_MAY) !== 0) open.push(path);
  }
  return open;
}

/** The policy file as it loads, and what to say of it. */
export interface CheckedPolicy {
  check: Check;
  read?: PolicyFile;
}

/** Whether the policy file loads: the one named, else the one that `faramesh dev` uses here. */
export async function checkPolicyFile(named: string | undefined, dataDir: string): Promise<CheckedPolicy> {
  const name = "policy file";
  const file = named ?? (await developmentPolicy(dataDir));
  if (file === undefined) {
    return { check: { name, ok: true, detail: `no ${OWN_POLICY} here: \`${commandName()} init\` writes one` } };
  }
  const there = await stat(file).catch(() => undefined);
  if (there === undefined) return { check: { name, ok: false, detail: `there is no ${file}` } };
  const read = await readPolicyFile(file);
  const { policy, findings } = read;
  const [first] = findings.filter((finding) => finding.severity === "error");
  if (first !== undefined) return { check: { name, ok: false, detail: `${place(file, first)}: ${sentence(first)}` } };
  const detail = `${file}: ${policy?.rules.length ?? 0} rules, ${findings.length} warnings`;
  return { check: { name, ok: true, detail }, read };
}
