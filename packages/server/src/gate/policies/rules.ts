import { type CanonicalAction, decide, PolicySet, ToolParams } from "@faramesh/core";
import type { Decision } from "@faramesh/protocol";
import type { ActivationRow, Store, ToolSchemaRow } from "../../store/store.js";
import { GateError } from "../errors.js";
import { toolSchemaOf } from "../tool-schema-of.js";
import { type ActivePolicy, activePolicy } from "./active-policy.js";
import type { CompiledPolicies } from "./compiled-policies.js";

/** Times that something is tried again because the rules changed meanwhile. */
const ATTEMPTS_MAX = 10;

/**
 * What this node decides by: a copy of what is stored, which says how new it is. The store takes no decision made by
 * an older copy, so a policy or an agent's stop counts on every node from the commit on that recorded it.
 */
export class Rules {
  readonly #store: Store;
  readonly #compiled: CompiledPolicies;
  #active = new PolicySet<ActivePolicy>([]);
  #newestFault: string | null = null;
  #disabledAgents: ReadonlySet<string> = new Set();
  #toolParams = new ToolParams([]);
  #schemasText = "[]";
  #index = -1;
  #refreshing: Promise<void> | null = null;

  constructor(store: Store, compiled: CompiledPolicies) {
    this.#store = store;
    this.#compiled = compiled;
  }

  /** Every policy that decides now, the one that was activated last at the end. */
  get active(): readonly ActivePolicy[] {
    return this.#active.items;
  }

  /** The policy that decides for an agent; null where none is for it. */
  activeFor(agentId: string): ActivePolicy | null {
    return this.#active.itemFor(agentId);
  }

  /** Why the newest text is not one that decides, or why one that should cannot be read; null where all is well. */
  get fault(): string | null {
    return this.#newestFault ?? this.active.find(({ fault }) => fault !== null)?.fault ?? null;
  }

  /** The newest ledger entry that these rules know of; −1 for none. */
  get index(): number {
    return this.#index;
  }

  isDisabled(agentId: string): boolean {
    return this.#disabledAgents.has(agentId);
  }

  /** What is known of the params of tools. */
  get toolParams(): ToolParams {
    return this.#toolParams;
  }

  decide(action: CanonicalAction, explain = false): Decision {
    const policy = this.activeFor(action.agent_id)?.policy ?? null;
    return decide(policy, action, { agent_disabled: this.isDisabled(action.agent_id) }, { explain });
  }

  /** Says why the newest text is not one that decides, or that it does. */
  noteFault(fault: string | null): void {
    this.#newestFault = fault;
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
    const [disabled, activations, schemas] = await Promise.all([
      this.#store.disabledAgents(),
      this.#store.activePolicies(),
      this.#store.toolSchemas(),
    ]);
    // An agent that was stopped does not go on while a large policy is taken up.
    this.#disabledAgents = new Set(disabled);
    const active = await Promise.all(activations.map((activation) => this.#take(activation)));
    if (!isSame(active, this.active)) this.#active = new PolicySet(active);
    this.#takeSchemas(schemas);
    this.#index = index;
  }

  #takeSchemas(rows: readonly ToolSchemaRow[]): void {
    const text = JSON.stringify(rows);
    if (text === this.#schemasText) return;
    this.#toolParams = new ToolParams(rows.map(toolSchemaOf));
    this.#schemasText = text;
  }

  /** What is known already is not compiled again. */
  async #take(activation: ActivationRow): Promise<ActivePolicy> {
    const known = this.active.find((each) => each.activation.ledger_index === activation.ledger_index);
    if (known !== undefined && known.activation.scope === activation.scope) return known;
    const { policy_id, policy_version } = activation;
    const row = policy_id === null ? null : await this.#store.policy(policy_id, policy_version);
    if (row === null) throw new Error(`policy ${policy_id} version ${policy_version} is active and is not there`);
    return activePolicy(row, activation, this.#compiled);
  }
}

function isSame(left: readonly ActivePolicy[], right: readonly ActivePolicy[]): boolean {
  return left.length === right.length && left.every((policy, place) => policy === right[place]);
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
