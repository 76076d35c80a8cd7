import type { Client as Gate } from "@faramesh/sdk";
import { type DecideAnswer, InvalidActionError } from "@faramesh/sdk";
import type { CatalogEntry } from "./catalog-entry.js";
import { sampleParams } from "./sample-params.js";

/** Reasons that hold for every call of an agent or a tool, whatever its arguments. */
const ALWAYS_DENIED: ReadonlySet<string> = new Set(["POLICY_UNAVAILABLE", "AGENT_DISABLED", "PROFILE_DISALLOWS_TOOL"]);

/**
 * Whether the policy could ever let an agent call a tool, as far as the gate can be asked: it is asked what it would
 * answer for a call with the least arguments the tool takes, and why. Where that does not tell, the tool counts as
 * possible: this decides what is shown, and never what may run.
 *
 * @throws FarameshError where the gate cannot be asked.
 */
export async function couldBeAllowed(
  gate: Gate,
  entry: CatalogEntry,
  { agentId, operation }: { agentId: string; operation: string },
): Promise<boolean> {
  const action = { agent_id: agentId, tool: entry.gateTool, operation, params: sampleParams(entry.tool.inputSchema) };
  try {
    return readsAsPossible(await gate.gateDecide(action, { explain: true }));
  } catch (error) {
    if (error instanceof InvalidActionError) return true;
    throw error;
  }
}

function readsAsPossible({ outcome, reason_code, trace = [] }: DecideAnswer): boolean {
  if (outcome !== "HALT") return true;
  if (ALWAYS_DENIED.has(reason_code)) return false;
  return trace.some(({ effect, result, condition }) => {
    const lets = effect === "allow" || effect === "require_approval";
    const isForOthers = result === "skipped" || condition?.path === "agent_id";
    // What a denial hides from view would have to be reached by other arguments; a denial for any of them hides it.
    return lets && !isForOthers && result !== "not_reached";
  });
}
