import { rivalsAmong, sha256Hex } from "@faramesh/core";
import type { Actor, JsonObject } from "@faramesh/protocol";
import type { ActivationRow, PolicyChange, PolicySummaryRow, Change as StoreChange } from "../../store/store.js";
import { GateError } from "../errors.js";
import type { Gate } from "../gate.js";
import type { ActivePolicy } from "./active-policy.js";
import { whileCurrent } from "./rules.js";

/** Policies that decide at once, each for its agents. */
const ACTIVE_MAX = 100;

/** Who changes a policy, and what they say about it. */
export interface Changer {
  readonly actor: Actor;
  readonly note: string | null;
}

/** A version as it is named in records; where it was recorded is not known before it is. */
export type Version = Omit<PolicySummaryRow, "ledger_index">;

/** What an activation writes, and what it says in the ledger. */
export interface Activation {
  readonly rows: PolicyChange["activations"];
  readonly replaced: JsonObject[];
}

/**
 * Works out what making a version decide comes to, by the rules as they are: it takes the place of the policy with the
 * same agents, and of the other versions of its own.
 *
 * @throws GateError `conflict` where nobody could say which of two policies decides for some agent.
 */
export function activationOf(gate: Gate, version: Version, changer: Changer): Activation {
  const appliesTo = JSON.parse(version.applies_to) as string[];
  const scope = scopeOf(version);
  const ends = (each: ActivePolicy): boolean => each.row.id === version.id || each.activation.scope === scope;
  const replaced = gate.rules.active.filter(ends);
  const others = gate.rules.active.filter((each) => !ends(each));
  assertUnrivalled([...others, { row: version, appliesTo }]);
  const leftScopes = replaced.map(({ activation }) => activation.scope).filter((left) => left !== scope);
  const named = { policy_id: version.id, policy_version: version.version };
  return {
    rows: [
      ...leftScopes.map((left) => activationRow(gate, changer, left, { policy_id: null, policy_version: null })),
      activationRow(gate, changer, scope, named),
    ],
    replaced: replaced.map(({ row }) => ({ policy_id: row.id, policy_version: row.version })),
  };
}

/** Whether this very version decides already. */
export function isActive(gate: Gate, { id, version }: Version): boolean {
  return gate.rules.active.some(({ row }) => row.id === id && row.version === version);
}

export function activationRow(
  gate: Gate,
  { actor, note }: Changer,
  scope: string,
  policy: Pick<ActivationRow, "policy_id" | "policy_version">,
): PolicyChange["activations"][number] {
  return { scope, ...policy, note, at_ms: gate.nowMs(), by_whom: JSON.stringify(actor) };
}

/** What policies are for the same agents have in common. */
function scopeOf({ applies_to }: Version): string {
  return sha256Hex(applies_to);
}

function assertUnrivalled(policies: readonly { readonly row: Version; readonly appliesTo: readonly string[] }[]): void {
  if (policies.length > ACTIVE_MAX) {
    throw new GateError("conflict", `${ACTIVE_MAX} policies decide already: deactivate one first`);
  }
  const rivals = rivalsAmong(policies);
  if (rivals === null) return;
  const { first, second, names } = rivals;
  const which = names[0] === names[1] ? names[0] : names.join(" and ");
  throw new GateError(
    "conflict",
    `${first.row.id} and ${second.row.id} would both decide for agents of ${which}: make applies_to of one closer, or deactivate one`,
  );
}

/** Names a version in a ledger entry. */
export function namesOf({ id, version, hash }: Version): JsonObject {
  return { policy_id: id, policy_version: version, policy_hash: hash };
}

/**
 * Does something by the rules as they are, again where they changed before it was recorded, and takes up what came of
 * it.
 */
export async function byCurrentRules<T>(
  gate: Gate,
  attempt: (decidedAt: NonNullable<StoreChange<unknown>["decidedAt"]>) => Promise<T | "outdated">,
): Promise<T> {
  const result = await whileCurrent(gate.store, async () => {
    await gate.rules.refresh();
    return attempt(gate.rules.index);
  });
  await gate.rules.refresh();
  return result;
}
