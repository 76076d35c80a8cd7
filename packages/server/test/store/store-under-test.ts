import { afterEach, beforeEach, expect } from "vitest";
import type { ActionRow, ActionStep, FirstRow, Store } from "../../src/store/store.js";
import { claim, newAction } from "./store-samples.js";

/** A store under test: opened on nothing, and openable again on what it kept. */
export interface StoreUnderTest {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** Gives each test a store of its own, on nothing, which is closed and removed behind it. */
export function openForEach(make: () => Promise<StoreUnderTest>, take: (store: Store) => void): void {
  let under: StoreUnderTest;
  let store: Store;
  beforeEach(async () => {
    under = await make();
    store = await under.open();
    take(store);
  });
  afterEach(async () => {
    await store.close();
    await under.remove();
  });
}

/** Records an action that nobody has seen before. */
export async function submitTo(store: Store, fields: Partial<FirstRow> = {}): Promise<ActionRow> {
  const recorded = await store.submit(newAction(fields));
  if (recorded.kind !== "recorded") throw new Error(recorded.kind);
  return recorded.action;
}

/** Takes an action one step on, from its first version. */
export async function stepIn(store: Store, id: string, fields: Partial<ActionStep> = {}): Promise<void> {
  expect((await store.step({ ...claim(id, 1), ...fields })).kind).toBe("recorded");
}
