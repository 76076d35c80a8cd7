import type { Role } from "./words.js";

/** A key as it is listed: never its secret. */
export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  /** Globs of the agent ids it may act as; empty means any. */
  agents: string[];
  created_at: string;
  created_by: string;
  last_used_at: string | null;
  revoked_at: string | null;
}

/** The answer to creating or rotating a key: the one time the key itself is shown. */
export interface CreatedApiKey extends ApiKey {
  key: string;
}

/** An agent the gate has seen, or that a person has disabled. */
export interface Agent {
  agent_id: string;
  enabled: boolean;
  actions: number;
  last_seen_at: string | null;
  disabled_at: string | null;
  disabled_by: string | null;
  reason: string | null;
}
