import { loadPolicy } from "@faramesh/core";
import { describe, expect, it } from "vitest";
import { CompiledPolicies } from "../../src/gate/policies/compiled-policies.js";
import { Rules } from "../../src/gate/policies/rules.js";
import type { ActivationRow, PolicyRow, Store } from "../../src/store/store.js";
import { POLICY } from "../running-gate.js";

const ACTIVATION = { policy_id: "test", policy_version: 1, ledger_index: 1, scope: "" } as ActivationRow;
const ROW = { id: "test", version: 1, source: POLICY, packs: "{}", applies_to: "[]" } as PolicyRow;

/** What a store answers when an agent was stopped and a policy activated at once. */
const STORE = {
  rulesIndex: async () => 2,
  disabledAgents: async () => ["stopped"],
  activePolicies: async () => [ACTIVATION],
  toolSchemas: async () => [],
  policy: async () => ROW,
} as unknown as Store;

function pending(): { readonly promise: Promise<undefined>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<undefined>((done) => {
    resolve = () => done(undefined);
  });
  return { promise, resolve };
}

/** Takes a policy up when it is told to. */
class SlowPolicies extends CompiledPolicies {
  readonly asked = pending();
  readonly taken = pending();

  override async toDecide(): ReturnType<CompiledPolicies["toDecide"]> {
    this.asked.resolve();
    await this.taken.promise;
    return loadPolicy(POLICY);
  }
}

describe("an agent that was stopped", () => {
  it("trap: does not go on while a large policy, activated beside it, is taken up", async () => {
    const policies = new SlowPolicies();
    const rules = new Rules(STORE, policies);
    const refreshed = rules.refresh();
    await policies.asked.promise;
    expect([rules.isDisabled("stopped"), rules.active.length]).toEqual([true, 0]);
    policies.taken.resolve();
    await refreshed;
    expect([rules.isDisabled("stopped"), rules.active.length]).toEqual([true, 1]);
  });
});
