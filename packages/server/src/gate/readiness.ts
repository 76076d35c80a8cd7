import type { Gate } from "./gate.js";

/** One thing that must work for the gate to decide. */
export interface Check {
  readonly ok: boolean;
  readonly detail?: string;
}

/** Whether the gate can decide, and what is wrong where it cannot or soon might not. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: { readonly store: Check; readonly policy: Check; readonly ledger: Check };
}

/** Tries what a decision needs: the store takes a commit, a policy is loaded, the ledger's tail was verified. */
export async function readiness(gate: Gate): Promise<Readiness> {
  const store = await storeCheck(gate);
  const { policy: active, fault } = gate.active;
  const policy: Check = {
    ok: active !== null,
    ...(active === null ? { detail: "no policy is loaded: every action is HALT" } : {}),
    ...(fault === null ? {} : { detail: `the newest text does not load, an older one decides: ${fault}` }),
  };
  // The server does not start on a ledger that does not verify, so a running one has a verified tail.
  const ledger: Check = store.ok ? { ok: true, detail: `${await gate.store.ledgerSize()} entries` } : { ok: false };
  return { ready: store.ok && policy.ok && ledger.ok, checks: { store, policy, ledger } };
}

async function storeCheck(gate: Gate): Promise<Check> {
  try {
    await gate.store.probe();
    return { ok: true };
  } catch {
    return { ok: false, detail: "the store cannot be written to" };
  }
}
