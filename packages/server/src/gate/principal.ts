import type { Decider } from "@faramesh/core";
import { type Actor, ROLES, type Role } from "@faramesh/protocol";
import type { ActionRow, Visibility } from "../store/store.js";
import { GateError } from "./errors.js";

/** Who is calling, as authenticated. */
export interface Principal extends Decider {
  readonly via: Actor["via"];
  /** Globs of the agent ids it may act as; empty means any. */
  readonly agents: readonly string[];
}

/** What a role may be needed for. */
export type Capability =
  | "decide"
  | "submit"
  | "run"
  | "read"
  | "read_all"
  | "approve"
  | "read_agents"
  | "read_policy"
  | "manage";

const CAPABILITIES: Readonly<Record<Role, ReadonlySet<Capability>>> = {
  agent: new Set<Capability>(["decide", "submit", "run", "read"]),
  approver: new Set<Capability>(["read", "read_all", "approve", "read_agents"]),
  developer: new Set<Capability>([
    "decide",
    "submit",
    "run",
    "read",
    "read_all",
    "approve",
    "read_agents",
    "read_policy",
  ]),
  auditor: new Set<Capability>(["read", "read_all", "read_agents", "read_policy"]),
  admin: new Set<Capability>([
    "decide",
    "submit",
    "run",
    "read",
    "read_all",
    "approve",
    "read_agents",
    "read_policy",
    "manage",
  ]),
};

/** The gate itself, where it acts without being asked: expiry, lapsed leases, policy loads. */
export const SYSTEM: Actor = { id: "system", name: "faramesh", via: "system" };

export function can(principal: Principal, capability: Capability): boolean {
  return CAPABILITIES[principal.role].has(capability);
}

/** @throws GateError `forbidden` unless the principal's role has the capability. */
export function assertCan(principal: Principal, capability: Capability): void {
  if (!can(principal, capability)) {
    const roles = ROLES.filter((role) => CAPABILITIES[role].has(capability)).join(" or ");
    throw new GateError("forbidden", `a key with the role ${principal.role} may not do this; it takes ${roles}`);
  }
}

/** @throws GateError `forbidden` when the key is bound to agent ids and this is none of them. */
export function assertActsAs(principal: Principal, agentId: string): void {
  if (principal.agents.length > 0 && !matchesAny(principal.agents, agentId)) {
    throw new GateError("forbidden", "this key is bound to other agent ids");
  }
}

/** How a principal is written into records. */
export function actorOf(principal: Principal): Actor {
  return { id: principal.id, name: principal.name, via: principal.via };
}

/** Whether a principal may read an action: everything, or its own. */
export function mayRead(principal: Principal, action: ActionRow): boolean {
  if (can(principal, "read_all")) return true;
  return action.submitted_by === principal.id || matchesAny(principal.agents, action.agent_id);
}

/** The bound on what a principal sees in lists; null for none. */
export function visibilityOf(principal: Principal): Visibility | null {
  return can(principal, "read_all") ? null : { principalId: principal.id, agentIds: principal.agents };
}

function matchesAny(globs: readonly string[], agentId: string): boolean {
  return globs.some((glob) => matchesGlob(glob, agentId));
}

/** `*` is any run of characters (code points), `?` one. Linear in time: on a mismatch only the last star is widened. */
function matchesGlob(pattern: string, name: string): boolean {
  const glob = Array.from(pattern);
  const text = Array.from(name);
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  let position = 0;
  while (position < text.length) {
    if (glob[at] === "*") {
      star = at++;
      resumeAt = position;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resumeAt;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}
