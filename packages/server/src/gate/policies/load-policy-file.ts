import type { Gate } from "../gate.js";
import { SYSTEM } from "../principal.js";
import type { PolicyText } from "./check-text.js";
import { checkPolicyText, knownTo } from "./checked-policy.js";
import { putPolicy } from "./put-policy.js";
import { soundOrThrow } from "./refused-policy.js";

/**
 * Makes a policy of this machine the one that decides, on every node, recorded first. The same content keeps its
 * version; other content gets the next one.
 *
 * @throws PolicyLoadError when it does not load, or a test of it fails; then what decided before goes on deciding.
 */
export async function loadPolicyFile(gate: Gate, text: PolicyText): Promise<void> {
  const loaded = soundOrThrow(await checkPolicyText(text, knownTo(gate)));
  await putPolicy(gate, loaded, { actor: SYSTEM, note: null }, true);
  gate.rules.noteFault(null);
}
