import type { JsonObject } from "@faramesh/protocol";
import type { PolicyRow } from "../../store/store.js";
import { GateError } from "../errors.js";
import type { Gate } from "../gate.js";
import { actorOf, assertCan, type Principal } from "../principal.js";
import { activationOf, activationRow, byCurrentRules, type Changer, isActive, namesOf } from "./activation.js";
import type { ActivePolicy } from "./active-policy.js";
import type { PolicyText } from "./check-text.js";
import { checkPolicyText, knownTo } from "./checked-policy.js";
import { type PolicyVersionAnswer, presentVersion } from "./present-policy.js";
import { type PutPolicy, putPolicy } from "./put-policy.js";
import { loadedOrThrow, soundOrThrow } from "./refused-policy.js";

/** A policy to record. */
export interface NewPolicy extends PolicyText {
  readonly note: string | null;
  /** Whether it decides from now on; then its tests must pass. */
  readonly activate: boolean;
}

/** Activations that a rollback looks back over. */
const HISTORY_MAX = 1_000;

/**
 * Records a version of a policy. Admins only.
 *
 * @throws PolicyLoadError (`invalid_policy`) when it does not load; with `activate`, when a test of it fails, too.
 */
export async function createPolicy(
  gate: Gate,
  principal: Principal,
  { note, activate, ...text }: NewPolicy,
): Promise<PutPolicy> {
  assertCan(principal, "manage");
  const checked = await checkPolicyText(text, knownTo(gate));
  const loaded = activate ? soundOrThrow(checked) : loadedOrThrow(checked);
  return putPolicy(gate, loaded, { actor: actorOf(principal), note }, activate);
}

/**
 * Makes a version decide, on every node, once more or for the first time. Admins only.
 *
 * @throws PolicyLoadError (`invalid_policy`) when this release cannot load it, or a test of it fails.
 * @throws GateError `not_found`; `conflict` where two policies would decide for one agent.
 */
export function activateVersion(
  gate: Gate,
  principal: Principal,
  id: string,
  version: number,
  note: string | null,
): Promise<PolicyVersionAnswer> {
  assertCan(principal, "manage");
  return byCurrentRules(gate, (decidedAt) => {
    return activate(gate, { id, version }, { actor: actorOf(principal), note }, {}, decidedAt);
  }).then((row) => presentVersion(gate, row));
}

/**
 * Makes the version decide that did before the one that does now. Admins only.
 *
 * @throws GateError `not_found`, `conflict` where the policy is not active, or never was in another version.
 */
export async function rollBack(
  gate: Gate,
  principal: Principal,
  id: string,
  note: string | null,
): Promise<PolicyVersionAnswer> {
  assertCan(principal, "manage");
  const row = await byCurrentRules(gate, async (decidedAt) => {
    const { row: present } = await activeOrThrow(gate, id);
    const history = await gate.store.activations(id, HISTORY_MAX);
    const before = history.find(({ policy_id, policy_version }) => {
      return policy_id === id && policy_version !== present.version;
    });
    if (before === undefined) throw new GateError("conflict", `no other version of ${id} was ever active`);
    const version = before.policy_version ?? 0;
    const more = { rolled_back_from: present.version };
    return activate(gate, { id, version }, { actor: actorOf(principal), note }, more, decidedAt);
  });
  return presentVersion(gate, row);
}

/**
 * Ends a policy: for its agents the next closest one decides, and where there is none, nothing is allowed. Admins only.
 *
 * @throws GateError `not_found`, `conflict` where it is not active.
 */
export async function deactivatePolicy(
  gate: Gate,
  principal: Principal,
  id: string,
  note: string | null,
): Promise<PolicyVersionAnswer> {
  assertCan(principal, "manage");
  const row = await byCurrentRules(gate, async (decidedAt) => {
    const { row: present, activation } = await activeOrThrow(gate, id);
    const changer = { actor: actorOf(principal), note };
    const ended = activationRow(gate, changer, activation.scope, { policy_id: null, policy_version: null });
    const body = { ...namesOf(present), note };
    const entry = { kind: "policy.deactivated", atMs: gate.nowMs(), actor: changer.actor, body };
    const changed = await gate.store.putPolicy({ row: { created: null, activations: [ended] }, entry, decidedAt });
    return changed === "changed" ? present : changed;
  });
  return presentVersion(gate, row);
}

async function activate(
  gate: Gate,
  { id, version }: { id: string; version: number },
  changer: Changer,
  more: JsonObject,
  decidedAt: number,
): Promise<PolicyRow | "outdated"> {
  const row = await gate.store.policy(id, version);
  if (row === null) throw new GateError("not_found", `there is no version ${version} of a policy ${id}`);
  if (isActive(gate, row)) return row;
  soundOrThrow(
    await checkPolicyText(row, { ...knownTo(gate), packs: JSON.parse(row.packs) as Record<string, string> }),
  );
  const { rows, replaced } = activationOf(gate, row, changer);
  const body = { ...namesOf(row), note: changer.note, created: false, replaced, ...more };
  const entry = { kind: "policy.activated", atMs: gate.nowMs(), actor: changer.actor, body };
  const changed = await gate.store.putPolicy({ row: { created: null, activations: rows }, entry, decidedAt });
  return changed === "changed" ? row : changed;
}

async function activeOrThrow(gate: Gate, id: string): Promise<ActivePolicy> {
  const active = gate.rules.active.find(({ row }) => row.id === id);
  if (active !== undefined) return active;
  if ((await gate.store.policy(id, null)) === null) throw new GateError("not_found", `there is no policy ${id}`);
  throw new GateError("conflict", `the policy ${id} is not active`);
}
