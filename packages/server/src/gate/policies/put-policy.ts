import type { PolicyRow } from "../../store/store.js";
import type { Gate } from "../gate.js";
import { activationOf, byCurrentRules, type Changer, isActive, namesOf, type Version } from "./activation.js";
import type { LoadedPolicy } from "./checked-policy.js";

/** A version, and whether it was made, and made to decide, by this change. */
export interface PutPolicy {
  readonly version: Version;
  readonly isNew: boolean;
  readonly isActivated: boolean;
}

/**
 * Records a policy as the next version, unless its newest one means the same and has the same tests; and with
 * `activate` makes that version decide, on every node, in the same commit.
 */
export function putPolicy(gate: Gate, loaded: LoadedPolicy, changer: Changer, activate: boolean): Promise<PutPolicy> {
  const { policy, testsHash } = loaded;
  return byCurrentRules(gate, async (decidedAt) => {
    const newest = await gate.store.policy(policy.id, null);
    const isNew = newest === null || newest.hash !== policy.hash || newest.tests_hash !== testsHash;
    const next = newRow(gate, loaded, changer, (newest?.version ?? 0) + 1);
    const version: Version = isNew ? next : newest;
    const isActivated = activate && !isActive(gate, version);
    const put = { version, isNew, isActivated };
    if (!isNew && !isActivated) return put;
    const { rows, replaced } = isActivated ? activationOf(gate, version, changer) : { rows: [], replaced: [] };
    const entry = {
      kind: isActivated ? "policy.activated" : "policy.created",
      atMs: gate.nowMs(),
      actor: changer.actor,
      body: { ...namesOf(version), note: changer.note, created: isNew, ...(isActivated && { replaced }) },
    };
    const changed = await gate.store.putPolicy({
      row: { created: isNew ? next : null, activations: rows },
      entry,
      decidedAt,
    });
    return changed === "changed" ? put : changed;
  });
}

function newRow(
  gate: Gate,
  { policy, source, tests, testsHash, packs }: LoadedPolicy,
  { actor, note }: Changer,
  version: number,
): Omit<PolicyRow, "ledger_index"> {
  return {
    id: policy.id,
    version,
    hash: policy.hash,
    source,
    packs: JSON.stringify(packs),
    tests,
    tests_hash: testsHash,
    applies_to: JSON.stringify(policy.appliesTo),
    note,
    created_at_ms: gate.nowMs(),
    created_by: JSON.stringify(actor),
  };
}
