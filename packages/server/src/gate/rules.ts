import { type CanonicalAction, decide, type Finding, loadPolicy, type Policy } from "@faramesh/core";
import type { Decision } from "@faramesh/protocol";
import type { PolicyRow, Store } from "../store/store.js";
import { GateError } from "./errors.js";

/** The policy that decides now, if any, and what is wrong with the one that should. */
export interface ActivePolicy {
  readonly policy: Policy | null;
  readonly source: string;
  readonly loadedAtMs: number;
  readonly warnings: readonly string[];
  /** Why the newest text is not the one that decides. */
  readonly fault: string | null;
  /** The ledger entry that recorded it; −1 before any. */
  readonly ledgerIndex: number;
}

const NO_POLICY: ActivePolicy = {
  policy: null,
  source: "",
  loadedAtMs: 0,
  warnings: [],
  fault: null,
  ledgerIndex: -1,
};

/** Times that something is tried again because the rules changed meanwhile. */
const ATTEMPTS_MAX = 10;

/**
 * What this node decides by: a copy of what is stored, which says how new it is. The store takes no decision made by
 * an older copy, so a policy or an agent's stop counts on every node from the commit on that recorded it.
 */
export class Rules {
  readonly #store: Store;
  #active = NO_POLICY;
  #disabledAgents: ReadonlySet<string> = new Set();
  #index = -1;
  #refreshing: Promise<void> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  get active(): ActivePolicy {
    return this.#active;
  }

  /** The newest ledger entry that these rules know of; −1 for none. */
  get index(): number {
    return this.#index;
  }

  isDisabled(agentId: string): boolean {
    return this.#disabledAgents.has(agentId);
  }

  decide(action: CanonicalAction, explain = false): Decision {
    return decide(this.#active.policy, action, { agent_disabled: this.isDisabled(action.agent_id) }, { explain });
  }

  /** Says why the newest text is not the one that decides, or that it does. */
  noteFault(fault: string | null): void {
    this.#active = { ...this.#active, fault };
  }

  /** Takes up what is stored, if it is newer. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshOnce(): Promise<void> {
    // First of all: what is read after it is at least as new, so it never says too much.
    const index = await this.#store.rulesIndex();
    if (index === this.#index) return;
    const [disabled, newest] = await Promise.all([this.#store.disabledAgents(), this.#store.latestPolicy(null)]);
    if (newest !== null && newest.ledger_index !== this.#active.ledgerIndex) this.#active = activePolicy(newest);
    this.#disabledAgents = new Set(disabled);
    this.#index = index;
  }
}

/** A policy that another release recorded, and that this one cannot read, allows nothing. */
function activePolicy(row: PolicyRow): ActivePolicy {
  const { policy, findings } = loadPolicy(row.source, { version: row.version });
  const messages = findings.map(describeFinding);
  const common = { source: row.source, loadedAtMs: row.loaded_at_ms, ledgerIndex: row.ledger_index };
  return policy === null
    ? { ...common, policy, warnings: [], fault: messages.join("\n") }
    : { ...common, policy, warnings: messages, fault: null };
}

/** A finding in one line: `line 4, column 7: unknown_key: …`. */
export function describeFinding(finding: Finding): string {
  const cure = finding.cure === undefined ? "" : ` (${finding.cure})`;
  return `line ${finding.line}, column ${finding.column}: ${finding.code}: ${finding.message}${cure}`;
}

/**
 * Does something that holds only while the rules are what they were: again, from what is stored by then, when they
 * changed.
 *
 * @param attempt - Given how new the rules are that it must read; answers `outdated` when it came too late.
 * @throws GateError `conflict` when they keep changing.
 */
export async function whileCurrent<T>(store: Store, attempt: (index: number) => Promise<T | "outdated">): Promise<T> {
  for (let count = 0; count < ATTEMPTS_MAX; count++) {
    const result = await attempt(await store.rulesIndex());
    if (result !== "outdated") return result;
  }
  throw new GateError("conflict", "the rules keep changing; try again");
}
