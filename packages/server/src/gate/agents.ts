import { type Agent, timeText } from "@faramesh/protocol";
import type { ActionRow, AgentRow } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertCan, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";

const CANCELLED_AT_ONCE = 500;

/** Agents the gate has seen or that were disabled, by id. */
export async function listAgents(gate: Gate, principal: Principal): Promise<Agent[]> {
  assertCan(principal, "read_agents");
  return (await gate.store.agents()).map(presentAgent);
}

/**
 * The kill switch: from the moment this is recorded the agent's new actions are HALT `AGENT_DISABLED`, and what has
 * not begun to run is cancelled. What is executing is left to report. Admins only.
 */
export async function disableAgent(
  gate: Gate,
  principal: Principal,
  agentId: string,
  reason: string | null,
): Promise<Agent> {
  assertCan(principal, "manage");
  const atMs = gate.nowMs();
  const row = { agent_id: agentId, disabled_at_ms: atMs, disabled_by: principal.id, reason };
  const body = { agent_id: agentId, reason };
  const entry = { kind: "agent.disabled", atMs, actor: actorOf(principal), body };
  await gate.store.putAgentStop({ row, entry, decidedAt: null });
  await gate.rules.refresh();
  await cancelUnclaimed(gate, principal, agentId);
  return storedAgent(gate, agentId);
}

/** Lets a disabled agent's new actions be decided by the policy again. Admins only. */
export async function enableAgent(gate: Gate, principal: Principal, agentId: string): Promise<Agent> {
  assertCan(principal, "manage");
  if ((await gate.store.agent(agentId)) === null) throw new GateError("not_found", "there is no such agent");
  const atMs = gate.nowMs();
  const row = { agent_id: agentId, disabled_at_ms: null, disabled_by: null, reason: null };
  const entry = { kind: "agent.enabled", atMs, actor: actorOf(principal), body: { agent_id: agentId } };
  await gate.store.putAgentStop({ row, entry, decidedAt: null });
  await gate.rules.refresh();
  return storedAgent(gate, agentId);
}

async function cancelUnclaimed(gate: Gate, principal: Principal, agentId: string): Promise<void> {
  for (;;) {
    const rows = await gate.store.unclaimed(agentId, CANCELLED_AT_ONCE);
    if (rows.length === 0) return;
    await Promise.all(rows.map((row) => cancelOne(gate, principal, row)));
  }
}

/** A step that was taken first, such as a claim, is left standing: the action is then no longer unclaimed. */
async function cancelOne(gate: Gate, principal: Principal, row: ActionRow): Promise<void> {
  const set = { reason_code: "AGENT_DISABLED", claimable_until_ms: null } as const;
  const actor = actorOf(principal);
  await gate.store.step(stepFrom(row, { to: "cancelled", set, actor, atMs: gate.nowMs(), idempotency: null }));
}

async function storedAgent(gate: Gate, agentId: string): Promise<Agent> {
  const row = await gate.store.agent(agentId);
  if (row === null) throw new Error(`agent ${agentId} was recorded and is not there`);
  return presentAgent(row);
}

function presentAgent(row: AgentRow): Agent {
  const time = (ms: number | null): string | null => (ms === null ? null : timeText(ms));
  return {
    agent_id: row.agent_id,
    enabled: row.disabled_at_ms === null,
    actions: row.actions,
    last_seen_at: time(row.last_seen_at_ms),
    disabled_at: time(row.disabled_at_ms),
    disabled_by: row.disabled_by,
    reason: row.reason,
  };
}
