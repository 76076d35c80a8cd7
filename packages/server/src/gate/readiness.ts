import { LedgerMismatchError } from "../store/store.js";
import type { Gate } from "./gate.js";
import { can, type Principal } from "./principal.js";

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

/**
 * Tries what a decision needs: the store takes a commit, a policy is loaded, the ledger is where this server left it.
 *
 * @param principal - What is wrong with a policy's text is told only to whoever may read the policy.
 */
export async function readiness(gate: Gate, principal: Principal | null): Promise<Readiness> {
  const isTold = principal !== null && can(principal, "read_policy");
  const { store, ledger } = await storeChecks(gate, isTold);
  const { active, fault } = gate.rules;
  const isLoaded = active.some(({ policy }) => policy !== null);
  const policy: Check = {
    ok: isLoaded,
    ...(isLoaded ? {} : { detail: "no policy is loaded: every action is HALT" }),
    ...(fault === null
      ? {}
      : { detail: `the newest text does not load, an older one decides${isTold ? `: ${fault}` : ""}` }),
  };
  return { ready: store.ok && policy.ok && ledger.ok, checks: { store, policy, ledger } };
}

async function storeChecks(gate: Gate, isTold: boolean): Promise<{ store: Check; ledger: Check }> {
  try {
    await gate.store.probe();
    const size = await gate.store.ledgerSize();
    return { store: { ok: true }, ledger: { ok: true, ...(isTold ? { detail: `${size} entries` } : {}) } };
  } catch (error) {
    const isLedger = error instanceof LedgerMismatchError;
    return {
      store: isLedger ? { ok: true } : { ok: false, detail: "the store cannot be written to" },
      ledger: { ok: false, detail: isLedger ? "the stored ledger is not the one this server writes" : "not known" },
    };
  }
}
