import type { ListedPolicy, PolicyActivation, PolicyVersion } from "../admin-client.js";
import { type ConnectionOptions, connectAdmin } from "../connection.js";
import { colors, print, printable, printJson } from "../output.js";
import { table } from "../render/table.js";

const HASH_CHARS = 12;

/** `faramesh policy list`: every policy of the gate, and the version of each that decides. */
export async function listPolicies(options: ConnectionOptions): Promise<void> {
  const policies = await connectAdmin(options).listPolicies();
  if (options.json) return printJson(policies);
  if (policies.length === 0) return print("the gate has no policy: every action is HALT");
  print(table(["policy", "decides", "newest", "for", "hash of the newest", "note"], policies.map(policyRow)));
}

function policyRow(policy: ListedPolicy): string[] {
  const decides = policy.active_version === null ? colors.dim("no") : colors.green(`v${policy.active_version}`);
  return [
    printable(policy.id),
    decides,
    `v${policy.version}`,
    printable(policy.applies_to.join(", ") || "every agent"),
    policy.hash.slice(0, HASH_CHARS),
    printable(policy.note ?? ""),
  ];
}

interface HistoryOptions extends ConnectionOptions {
  limit?: number;
}

/** `faramesh policy history [ID]`: the versions of a policy, and what was made to decide when and by whom. */
export async function showHistory(id: string | undefined, { limit, ...options }: HistoryOptions): Promise<void> {
  const client = connectAdmin(options);
  const [versions, activations] = await Promise.all([
    id === undefined ? null : client.policyVersions(id),
    client.policyActivations({ ...(id !== undefined && { policy_id: id }), ...(limit !== undefined && { limit }) }),
  ]);
  if (options.json) return printJson({ ...(versions !== null && { versions }), activations });
  if (versions !== null)
    print(`${table(["version", "decides", "made", "by", "hash", "note"], versions.map(versionRow))}\n`);
  print(table(["activated", "policy", "by", "note"], activations.map(activationRow)));
}

function versionRow(version: PolicyVersion): string[] {
  return [
    `v${version.version}`,
    version.active ? colors.green("yes") : "",
    version.created_at,
    printable(version.created_by.name),
    version.hash.slice(0, HASH_CHARS),
    printable(version.note ?? ""),
  ];
}

function activationRow({ at, by, policy_id, policy_version, note }: PolicyActivation): string[] {
  const what = policy_id === null ? colors.dim("none any more") : `${policy_id} v${policy_version}`;
  return [at, policy_id === null ? what : printable(what), printable(by.name), printable(note ?? "")];
}
