import type { Policy } from "@faramesh/core";
import type { Actor } from "@faramesh/protocol";
import type { ActivationRow } from "../../store/store.js";
import type { Gate } from "../gate.js";
import { SYSTEM } from "../principal.js";
import type { PolicyText } from "./check-text.js";
import { checkPolicyText, knownTo, type LoadedPolicy } from "./checked-policy.js";
import { putPolicy } from "./put-policy.js";
import { soundOrThrow } from "./refused-policy.js";

/**
 * Makes a policy of this machine the one that decides, on every node, recorded first. The same content keeps its
 * version; other content gets the next one.
 *
 * @throws PolicyLoadError when it does not load, or a test of it fails; then what decided before goes on deciding.
 */
export async function loadPolicyFile(gate: Gate, text: PolicyText): Promise<void> {
  await put(gate, soundOrThrow(await checkPolicyText(text, knownTo(gate))));
}

/**
 * The same at the start of a gate, which nobody may have asked for: what somebody with a key has made to decide, or has
 * ended, is left as it is.
 *
 * @returns What the file was not used for: who made which version decide; null where the file decides.
 * @throws PolicyLoadError as {@link loadPolicyFile}.
 */
export async function startWithPolicyFile(gate: Gate, text: PolicyText): Promise<ActivationRow | null> {
  const loaded = soundOrThrow(await checkPolicyText(text, knownTo(gate)));
  const kept = await chosenByKey(gate, loaded.policy);
  if (kept === null) await put(gate, loaded);
  return kept;
}

async function put(gate: Gate, loaded: LoadedPolicy): Promise<void> {
  await putPolicy(gate, loaded, { actor: SYSTEM, note: null }, true);
  gate.rules.noteFault(null);
}

/** The choice of somebody with a key that a policy would undo: of its own versions, or of what is for the same agents. */
async function chosenByKey(gate: Gate, { id, hash, appliesTo }: Policy): Promise<ActivationRow | null> {
  const replaced = gate.rules.active.filter(({ row }) => row.id === id || row.applies_to === JSON.stringify(appliesTo));
  if (replaced.some(({ row }) => row.id === id && row.hash === hash)) return null;
  const [last] = await gate.store.activations(id, 1);
  const choices = [...replaced.map(({ activation }) => activation), ...(last === undefined ? [] : [last])];
  return choices.find(({ by_whom }) => (JSON.parse(by_whom) as Actor).id !== SYSTEM.id) ?? null;
}
